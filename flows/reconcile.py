"""reconcile: alias and traffic of production brought together from what is there. Staging is cleared by releases."""

from __future__ import annotations

from prefect import flow

from flows.parameters import WorkloadName
from tasks.context import open_context
from tasks.native_monitor import apply_native_monitor
from tasks.promotion import reconcile_alias
from tasks.story import tell


@flow(name="reconcile", flow_run_name="reconcile-{workload}", description="Make alias and traffic agree again.")
def reconcile(workload: WorkloadName) -> str:
    """What was done, in a sentence.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
    """
    context = open_context(workload)
    told = " ".join(filter(None, [reconcile_alias(context), apply_native_monitor(context)]))
    tell(context, "reconcile", f"### {told}")
    return told
