"""rollback: traffic back to the version before, in seconds while its slot is warm; a rollout under way is ended."""

from __future__ import annotations

from prefect import flow
from prefect.concurrency.sync import concurrency

from flows.parameters import LEASE_SECONDS, Reason, ServingVersion, WorkloadName
from lifecycle.going_back import Return
from tasks.context import Context, open_context
from tasks.going_back import NotWarm, bring_back, go_back
from tasks.promotion import production
from tasks.story import emit, tell, this_run


@flow(name="rollback", flow_run_name="rollback-{workload}", description="Give the traffic back to the version before.")
def rollback(
    workload: WorkloadName,
    reason: Reason = "by hand",
    leave: ServingVersion = "",
    to: ServingVersion = "",
) -> int:
    """The version that serves now. Fails where there is none to go back to.

    Where a version is on its way to production, its rollout ends, and the champion stays; so it does where an A/B test
    runs. Else the champion before serves again.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        reason: Why, in words.
        leave: The version to go away from: where another one serves by then, nothing is done. Empty: whichever serves.
        to: The version to go to, which was promoted before. Empty: the champion before.
    """
    context = open_context(workload)
    way = (reason, this_run(), int(leave) if leave else None, int(to) if to else None)
    try:
        done = go_back(context, *way)
    except NotWarm as cold:
        with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
            bring_back(context, cold.version)
        done = go_back(context, *way)
    if done is None:
        live = production(context)
        serves = 0 if live is None else live.version
        tell(context, "release", f"### Version {serves} serves, and not version {leave}: nothing to undo")
        return serves
    _tell(context, done)
    return done.back


def _tell(context: Context, done: Return) -> None:
    told = {"model_version": done.back, "from": done.left, "reason": done.reason}
    emit(context, "perennial.release.rolled_back", done.key, told)
    text = f"### {context.name} went back from version {done.left} to version {done.back}: {done.reason}."
    tell(context, "release", text)
