"""reconcile: alias and traffic of production brought together from what is there, and what is not used deleted.

A rollout whose run is gone is carried on by another.

Staging is cleared by releases.
"""

from __future__ import annotations

from prefect import flow
from prefect.concurrency.sync import concurrency

from flows.parameters import LEASE_SECONDS, WorkloadName
from lifecycle.names import PROMOTE, promotion_key
from lifecycle.tags import APPROVED_AT
from tasks.batch_default import align, ever_scored, in_turn, start_comparison
from tasks.context import Context, open_context
from tasks.native_monitor import apply_native_monitor
from tasks.promotion import reconcile_alias, remove_previous
from tasks.rollout import rollout_under_way
from tasks.starting import start_once
from tasks.story import now, tell


@flow(name="reconcile", flow_run_name="reconcile-{workload}", description="Make alias and traffic agree again.")
def reconcile(workload: WorkloadName) -> str:
    """What was done, in a sentence.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
    """
    context = open_context(workload)
    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        done = [reconcile_alias(context), remove_previous(context, now()), apply_native_monitor(context)]
    done += [_carried_on(context), _batches(context)]
    told = " ".join(filter(None, done))
    tell(context, "reconcile", f"### {told}")
    return told


def _batches(context: Context) -> str:
    """The batch endpoint's default is what the rule says; a comparison that is still to be made is started."""
    if not ever_scored(context):
        return ""
    with in_turn(context):
        align(context)
    run = start_comparison(context)
    return "" if run is None else f"The champion is compared on the last batch by the run {run}."


def _carried_on(context: Context) -> str:
    """A rollout has a run that carries it out: the one of its approval, or another where that one failed or crashed."""
    standing = rollout_under_way(context)
    if standing is None:
        return ""
    version, approved_at = standing.challenger, standing.tags.get(APPROVED_AT, "")
    parameters = {"workload": context.name, "model_version": version}
    run = start_once(PROMOTE, parameters, promotion_key(context.name, version, approved_at))
    return f"The rollout of version {version} is carried out by the run {run}."
