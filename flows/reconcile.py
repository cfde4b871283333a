"""reconcile: alias and traffic of production brought together from what is there, and what is not used deleted.

Staging is cleared by releases.
"""

from __future__ import annotations

from prefect import flow
from prefect.concurrency.sync import concurrency

from flows.parameters import LEASE_SECONDS, WorkloadName
from tasks.context import open_context
from tasks.native_monitor import apply_native_monitor
from tasks.promotion import reconcile_alias, remove_previous
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
    told = " ".join(filter(None, done))
    tell(context, "reconcile", f"### {told}")
    return told
