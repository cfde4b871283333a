"""rollback: traffic back to the version before, in seconds while its slot is warm."""

from __future__ import annotations

from prefect import flow, runtime
from prefect.concurrency.sync import concurrency

from flows.parameters import LEASE_SECONDS, Reason, ServingVersion, WorkloadName
from tasks.context import open_context
from tasks.story import emit, record, tell


@flow(name="rollback", flow_run_name="rollback-{workload}", description="Give the traffic back to the version before.")
def rollback(
    workload: WorkloadName,
    reason: Reason = "by hand",
    leave: ServingVersion = "",
) -> int:
    """The version that serves now. Fails where there is none to go back to.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        reason: Why, in words.
        leave: The version to go away from: where another one serves by then, nothing is done. Empty: whichever serves.
    """
    from tasks.promotion import production, roll_back  # here, where the run is Running already: pandas takes a while

    context = open_context(workload)
    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        live = production(context)
        if leave and live is not None and live.version != int(leave):
            tell(context, "release", f"### Version {live.version} serves, and not version {leave}: nothing to undo")
            return live.version
        left, back = roll_back(context)
    summary = f"{workload} went back from version {left} to version {back}: {reason}."
    key = f"{left}-{back}-{runtime.flow_run.id}"
    record(context, "rolled-back", key, summary, model_version=back, evidence={"from": left, "reason": reason})
    emit(context, "perennial.release.rolled_back", key, {"model_version": back, "from": left, "reason": reason})
    tell(context, "release", f"### {summary}")
    return back
