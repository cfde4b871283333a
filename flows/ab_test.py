"""ab-test: two versions in production, each for its own callers, for as long as it takes to tell which is better."""

from __future__ import annotations

from typing import Any, Literal

from prefect import flow, runtime
from prefect.concurrency.sync import concurrency
from prefect.states import Completed, State

from flows.parameters import LEASE_SECONDS, Alpha, ApprovedVersion, CallersShare, LastsFor, TestKey, WorkloadName
from lifecycle.ab_test import AbPlan, Begin, Conclude, Deploy, End, Look, Over, Wait, Withdraw, next_action
from lifecycle.durations import parse_duration
from lifecycle.names import digest
from platforms.ports import RegisteredModel
from tasks.ab_looking import look
from tasks.ab_running import end_test, tests_of
from tasks.ab_telling import conclude, tell_look
from tasks.ab_test import key_of, plan_test, standing_of, tell_beginning
from tasks.clock import now
from tasks.context import Context, open_context
from tasks.endpoints import SlotFailed, await_healthy
from tasks.holding import hold
from tasks.probe import AnswersOtherwise, probe
from tasks.rollout import deploy_beside
from tasks.story import this_run


@flow(
    name="ab-test",
    flow_run_name="ab-test-{workload}",
    description="Compare two versions by the callers that got them. The front shares the callers.",
)
def ab_test(
    workload: WorkloadName,
    challenger: ApprovedVersion,
    share: CallersShare = 50,
    metric: Literal["loss", "label"] = "loss",
    better: Literal["", "smaller", "larger"] = "",
    lasts: LastsFor = "14d",
    stop_when_decided: bool = False,
    alpha: Alpha = 0.05,
    test: TestKey = "",
) -> State[Any]:
    """Completed with the answer once it is over; Failed where there can be no such test, or the platform fails. Safe to
    run again: it goes on where the test stands.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        challenger: The version to compare with the champion; one that a release approved.
        share: Per cent of the callers that get the challenger.
        metric: What is compared: how far off predictions were (loss), or what came true (label), such as conversion.
        better: Whether a smaller or a larger mean is better. Empty: smaller for a loss, larger for a label.
        lasts: For how long, such as 14d. Empty: until it is ended.
        stop_when_decided: Whether it ends as soon as one of both is surely better.
        alpha: How often a difference may be told that is none, all looks together.
        test: The key of a test that was begun. Empty: one of this run's own.
    """
    context = open_context(workload)
    with _alone(context):
        plan = plan_test(
            context,
            test or key_of(context, digest(str(runtime.flow_run.id).encode(), 6)),
            challenger,
            share=share,
            metric=metric,
            better=better,
            lasts=parse_duration(lasts) if lasts else None,
            stop_when_decided=stop_when_decided,
            alpha=alpha,
            by=this_run(),
        )
    tell_beginning(context, plan)
    while True:
        message = _turn(context, plan)
        if message is not None:
            return Completed(message=message)


def _alone(context: Context) -> Any:
    return concurrency(f"release-{context.name}", occupy=1, strict=True, lease_duration=LEASE_SECONDS)


def _turn(context: Context, plan: AbPlan) -> str | None:
    """One action; how the run ends, if it was the last."""
    standing = standing_of(context, plan)
    action = next_action(standing, now())
    if isinstance(action, Look):
        answer = look(context, plan)
        tell_look(context, plan, answer)
        action = next_action(standing, now(), answer.verdict)
    if isinstance(action, Wait):
        hold(action.pause)
    elif isinstance(action, Deploy):
        _bring_up(context, plan)
    elif isinstance(action, Begin):
        tests_of(context).tell_front(plan, action.slot)
    elif isinstance(action, End):
        end_test(context, plan, action.why, this_run())
    elif isinstance(action, Withdraw):
        tests_of(context).withdraw()
    elif isinstance(action, Conclude) and standing.end is not None:
        return conclude(context, plan, standing.end, look(context, plan, standing.end.at))
    elif isinstance(action, Over):
        return f"The test {plan.test} of {context.name} is over, and its answer is told."
    return None


def _bring_up(context: Context, plan: AbPlan) -> None:
    """The challenger beside production, asked what staging was asked; the test is over where it cannot be had."""
    version: RegisteredModel = context.platform.models.get(context.name, plan.challenger)
    with _alone(context):
        slot = deploy_beside(context, version)
    try:
        await_healthy(context, context.name, slot, version)
        probe(context, slot, version)
    except (SlotFailed, AnswersOtherwise) as error:
        end_test(context, plan, str(error), this_run())
