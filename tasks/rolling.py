"""One turn of a rollout: what stands, what a look at both versions says of it, and what is next; and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.rollout import (
    Action,
    Compare,
    Enter,
    GoBack,
    RollingStep,
    Standing,
    Wait,
    next_action,
    spell_step,
    steps_of,
)
from lifecycle.tags import APPROVED_AT
from platforms.ports import RegisteredModel
from tasks.clock import now
from tasks.context import Context
from tasks.live_comparison import foretell, look
from tasks.rollout import standing_of
from tasks.story import record, tell_progress, tell_table

if TYPE_CHECKING:
    from monitoring.live import Signal


@dataclass(frozen=True)
class Turn:
    """What was seen, and what is next."""

    steps: tuple[RollingStep, ...]
    standing: Standing
    action: Action
    signals: tuple[Signal, ...] = ()
    requests: tuple[int, int] = (0, 0)  # champion's and challenger's, since the step began

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """For the ledger."""
        return [one.as_row() for one in self.signals]


def next_turn(context: Context, version: int) -> Turn:
    """Read what stands, compare where a step is in place, and decide. Changes nothing."""
    standing = standing_of(context, version)
    serves = standing.champion is not None and standing.traffic.get(standing.champion, 0) > 0
    steps = steps_of(context.workload.release.rolling, serves)
    action = next_action(steps, standing, now())
    if not isinstance(action, Compare):
        return Turn(steps, standing, action)
    from monitoring.live import summed_up

    signals, requests = look(context, standing, action.progress, len(steps) - 1)
    decided = next_action(steps, standing, now(), summed_up(signals, requests))
    return Turn(steps, standing, decided, tuple(signals), requests)


def foretell_if_compared(context: Context, version: RegisteredModel, standing: Standing) -> None:
    """Ask both versions about the hold-out, where there will be steps to compare their predictions in."""
    rolls = len(steps_of(context.workload.release.rolling, standing.champion is not None)) > 1
    if rolls and standing.champion is not None and context.workload.release.live.predictions is not None:
        foretell(context, version, standing.champion)


def tell_turn(context: Context, turn: Turn) -> None:
    """The table of the latest look, and how far the rollout is."""
    if turn.signals:
        verdict, why = _verdict(turn.action)
        tell_table(
            context, "rollout", turn.evidence, f"Version {turn.standing.challenger} beside the champion: {verdict}"
        )
        progress = turn.standing.progress
        number = 0 if progress is None else min(progress.step, len(turn.steps) - 1)
        here = f"{spell_step(turn.steps[number])}, {turn.requests[1]} requests so far: {verdict}. {why}"
        tell_progress(context, "rollout-progress", number / len(turn.steps), here)


def tell_step(context: Context, turn: Turn) -> None:
    """In the ledger, before it is begun: a step, with the evidence that allowed it."""
    if len(turn.steps) == 1 or not isinstance(turn.action, Enter):
        return
    standing = turn.standing
    summary = f"Version {standing.challenger} of {context.name} goes on to {spell_step(turn.action.step)}."
    record(
        context,
        "stepped",
        f"{standing.challenger}-{standing.tags.get(APPROVED_AT, '')}-{turn.action.number}",
        summary,
        model_version=standing.challenger,
        evidence={"requests": list(turn.requests), "signals": turn.evidence},
    )


def _verdict(action: Action) -> tuple[str, str]:
    if isinstance(action, Wait):
        return action.verdict, action.why
    if isinstance(action, GoBack):
        return "roll back", action.reason
    return "go on", ""
