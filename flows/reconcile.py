"""reconcile: alias and traffic of production brought together from what is there, and what is not used deleted.

A rollout or an A/B test whose run is gone is carried on by another.

Staging is cleared by releases.
"""

from __future__ import annotations

from prefect import flow
from prefect.concurrency.sync import concurrency

from flows.parameters import LEASE_SECONDS, WorkloadName
from lifecycle.names import AB_TEST, PROMOTE, ab_test_key, promotion_key
from lifecycle.tags import APPROVED_AT
from tasks.ab_running import clear_after_test, running_test, tests_of
from tasks.clock import now
from tasks.context import Context, open_context
from tasks.going_back import carry_on_alone
from tasks.native_monitor import apply_native_monitor
from tasks.promotion import reconcile_alias, remove_previous
from tasks.rollout import rollout_under_way
from tasks.starting import start_once
from tasks.story import tell, this_run
from tasks.under_way import ab_test_under_way


@flow(name="reconcile", flow_run_name="reconcile-{workload}", description="Make alias and traffic agree again.")
def reconcile(workload: WorkloadName) -> str:
    """What was done, in a sentence.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
    """
    context = open_context(workload)
    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        begun = carry_on_alone(context, this_run())
        done = [] if begun is None else [f"The rollback from version {begun.left} was brought to its end."]
        kept = running_test(context)
        removed = remove_previous(context, now(), None if kept is None else kept.challenger)
        done += [reconcile_alias(context), removed, clear_after_test(context), apply_native_monitor(context)]
    done += [_carried_on(context), _test_carried_on(context)]
    told = " ".join(filter(None, done))
    tell(context, "reconcile", f"### {told}")
    return told


def _test_carried_on(context: Context) -> str:
    """An A/B test has a run that carries it out, or tells its answer."""
    plan = tests_of(context).open()
    if plan is None or ab_test_under_way(context):
        return ""
    parameters = {"workload": context.name, "challenger": plan.challenger, "test": plan.test}
    run = start_once(AB_TEST, parameters, ab_test_key(context.name, plan.test), lambda: True)
    return f"The A/B test of version {plan.challenger} is carried out by the run {run}."


def _carried_on(context: Context) -> str:
    """A rollout has a run that carries it out: the one of its approval, or another where that one failed or crashed."""
    standing = rollout_under_way(context)
    if standing is None:
        return ""
    version, approved_at = standing.challenger, standing.tags.get(APPROVED_AT, "")
    parameters = {"workload": context.name, "model_version": version}
    run = start_once(PROMOTE, parameters, promotion_key(context.name, version, approved_at))
    return f"The rollout of version {version} is carried out by the run {run}."
