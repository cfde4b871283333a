"""rollback: traffic back to the version before, in seconds while its slot is warm; a rollout under way is ended."""

from __future__ import annotations

from prefect import flow, runtime
from prefect.concurrency.sync import concurrency

from flows.parameters import LEASE_SECONDS, Reason, ServingVersion, WorkloadName
from tasks.context import Context, open_context
from tasks.story import emit, record, tell


@flow(name="rollback", flow_run_name="rollback-{workload}", description="Give the traffic back to the version before.")
def rollback(
    workload: WorkloadName,
    reason: Reason = "by hand",
    leave: ServingVersion = "",
) -> int:
    """The version that serves now. Fails where there is none to go back to.

    Where a version is on its way to production, its rollout ends, and the champion stays; so it does where an A/B test
    runs. Else the champion before serves again.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        reason: Why, in words.
        leave: The version to go away from: where another one serves by then, nothing is done. Empty: whichever serves.
    """
    context = open_context(workload)
    ended = _end_rollout(context, reason, leave) or _end_test(context, reason, leave)
    if ended is not None:
        return ended
    from tasks.promotion import production, roll_back

    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        live = production(context)
        if leave and live is not None and live.version != int(leave):
            tell(context, "release", f"### Version {live.version} serves, and not version {leave}: nothing to undo")
            return live.version
        left, back = roll_back(context)
    _tell(context, left, back, reason)
    return back


def _end_rollout(context: Context, reason: str, leave: str) -> int | None:
    """The champion, which a rollout no longer replaces; None where there is none to end, or it is the champion that is
    to be left."""
    from tasks.rollout import end_rollout, rollout_under_way

    standing = rollout_under_way(context)
    if standing is None or standing.champion is None:
        return None
    if leave and int(leave) not in (standing.challenger, standing.champion):
        return None
    if not end_rollout(context, standing, reason):
        return None
    _tell(context, standing.challenger, standing.champion, reason)
    return None if leave and int(leave) == standing.champion else standing.champion


def _end_test(context: Context, reason: str, leave: str) -> int | None:
    """The champion, to which all callers go again; None where no A/B test runs, or it is the champion that is to be
    left. The test's own run tells the answer."""
    from tasks.ab_running import end_test, running_test
    from tasks.story import this_run

    plan = running_test(context)
    if plan is None or (leave and int(leave) not in (plan.champion, plan.challenger)):
        return None
    end_test(context, plan, f"rolled back: {reason}", this_run())
    tell(context, "release", f"### The A/B test of version {plan.challenger} was ended: {reason}")
    return None if leave and int(leave) == plan.champion else plan.champion


def _tell(context: Context, left: int, back: int, reason: str) -> None:
    summary = f"{context.name} went back from version {left} to version {back}: {reason}."
    key = f"{left}-{back}-{runtime.flow_run.id}"
    record(context, "rolled-back", key, summary, model_version=back, evidence={"from": left, "reason": reason})
    emit(context, "perennial.release.rolled_back", key, {"model_version": back, "from": left, "reason": reason})
    tell(context, "release", f"### {summary}")
