"""reconcile: alias and traffic of production brought together from what is there, and what is not used deleted.

A promotion, a release or an A/B test whose run is gone is carried on by another. It runs once a day, and whenever a run
that replaces a model failed or crashed (`prefect.yaml`).

Staging is cleared by releases.
"""

from __future__ import annotations

from prefect import flow
from prefect.concurrency.sync import concurrency

from flows.parameters import LEASE_SECONDS, WorkloadName
from tasks.ab_running import clear_after_test, running_test
from tasks.carrying_on import (
    carry_on_batches,
    carry_on_promotion,
    carry_on_release,
    carry_on_retraining,
    carry_on_test,
)
from tasks.clock import now
from tasks.context import open_context
from tasks.going_back import carry_on_alone
from tasks.native_monitor import apply_native_monitor
from tasks.promotion import remove_previous
from tasks.reconciling import reconcile_alias
from tasks.story import tell, this_run


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
        done.append(reconcile_alias(context, this_run()))
        kept = running_test(context)
        done += [
            remove_previous(context, now(), None if kept is None else kept.challenger),
            clear_after_test(context),
            apply_native_monitor(context),
        ]
    done += [
        carry_on_promotion(context),
        carry_on_release(context),
        carry_on_retraining(context),
        carry_on_test(context),
        carry_on_batches(context),
    ]
    told = " ".join(filter(None, done))
    tell(context, "reconcile", f"### {told}")
    return told
