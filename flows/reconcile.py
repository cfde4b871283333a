"""reconcile: alias, traffic and staging brought together from what is there."""

from __future__ import annotations

from prefect import flow

from flows.parameters import WorkloadName
from lifecycle.names import STAGING_SLOT
from platforms.ports import NotFound
from tasks.context import open_context
from tasks.promotion import reconcile_alias
from tasks.staging import clear_staging
from tasks.story import tell


@flow(name="reconcile", flow_run_name="reconcile-{workload}", description="Make alias and traffic agree again.")
def reconcile(workload: WorkloadName) -> str:
    """What was done, in a sentence.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
    """
    context = open_context(workload)
    told = reconcile_alias(context)
    try:
        clear_staging(context)
    except NotFound:
        told += f" There is no staging slot {STAGING_SLOT}."
    tell(context, "reconcile", f"### {told}")
    return told
