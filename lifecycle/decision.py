"""From alarms to what follows: pure policy, so that every decision can be explained and replayed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from lifecycle.alarms import Judged, cooldown, outcome_of
from lifecycle.base import Frozen
from lifecycle.findings import Finding
from lifecycle.windows import Alarm, Outcome
from lifecycle.workload import Workload

Action = Literal["roll_back", "retrain", "annotate", "investigate", "notify", "nothing"]
STRENGTH: tuple[Action, ...] = ("roll_back", "retrain", "annotate", "investigate", "notify", "nothing")
LOSSES = ("performance", "estimate")


class Circumstances(Frozen):
    """What beside the findings a decision depends on."""

    now: datetime  # UTC
    champion_since: datetime | None = None  # UTC: when it was promoted
    under_way: tuple[str, ...] = ()  # the names of the runs that may end with another champion
    unaffordable: str | None = None  # why the budget allows no retraining
    worse_than_before: str | None = None  # why the version before would serve better
    too_few: str | None = None  # why the labelled rows since the loss began do not suffice to learn from
    grown: str | None = None  # how many more labelled rows there are than the champion was trained on, where they count
    since: datetime | None = None  # UTC: since when the rows are of the world as it is now, where it changed


class Decision(Frozen):
    """What follows from a window, and why."""

    action: Action  # the strongest of all
    actions: tuple[Action, ...] = ()  # all that follow, the strongest first
    outcome: Outcome = "steady"
    reason: str
    obstacles: tuple[str, ...] = ()  # why no retraining follows that the alarms would have asked for
    since: datetime | None = None  # UTC: a retraining learns from no row from before


def decide(workload: Workload, findings: Sequence[Finding], judged: Judged, circumstances: Circumstances) -> Decision:
    """What the workload's policy makes of a window.

    Retraining wants a loss of performance, realised or estimated, or a policy that says drift is enough, or many
    times the rows that the champion was trained on; data that are fit to learn from, and after a loss enough of them
    since it began; a budget; none under way, and none asked for within the cooldown. A rollback wants a young champion
    that does worse than the version before, and then nothing is retrained. Inconclusive is never read as fine, and
    never as an alarm. What is known since an earlier window is not told again.
    """
    outcome = outcome_of(findings, judged)
    if not judged.alarms:
        return _without_alarms(workload, findings, judged, circumstances)
    told = "; ".join(alarm.message for alarm in judged.alarms)
    actions = {_leads_to(workload, alarm) for alarm in judged.raised}
    if _rolls_back(workload, judged, circumstances):
        actions = (actions - {"retrain"}) | {"roll_back"}
        return _decision(actions, outcome, f"{told}. A rollback: {circumstances.worse_than_before}.")
    actions.discard("retrain")
    obstacles = _obstacles(workload, findings, judged, circumstances)
    if not obstacles:
        return _retraining(actions, outcome, f"{told}.", circumstances)
    if judged.raised:
        actions.add("notify")
        return _decision(actions, outcome, f"{told}. No retraining: {'; '.join(obstacles)}.", obstacles)
    known = f"{told}. That is known, and within its cooldown. No retraining: {'; '.join(obstacles)}."
    return _decision(actions, outcome, known, obstacles)


def _without_alarms(
    workload: Workload, findings: Sequence[Finding], judged: Judged, circumstances: Circumstances
) -> Decision:
    """Nothing, unless there is so much more to learn from than the champion had."""
    quiet, outcome = _quiet(findings, judged), outcome_of(findings, judged)
    if circumstances.grown is None:
        return Decision(action="nothing", outcome=outcome, reason=quiet)
    obstacles = _obstacles(workload, findings, judged, circumstances)
    if obstacles:
        reason = f"{quiet} {circumstances.grown}. No retraining: {'; '.join(obstacles)}."
        return Decision(action="nothing", outcome=outcome, reason=reason, obstacles=obstacles)
    return _retraining(set(), outcome, f"{circumstances.grown}. {quiet}", circumstances)


def losses(findings: Sequence[Finding], alarms: Sequence[Alarm]) -> list[Alarm]:
    """The alarms of lost performance. An estimate is overruled by labels that show no loss."""
    kept = any(found.kind == "performance" and found.conclusive and not found.significant for found in findings)
    return [alarm for alarm in alarms if alarm.kind in LOSSES and not (alarm.kind == "estimate" and kept)]


def _leads_to(workload: Workload, alarm: Alarm) -> Action:
    """What the policy wants of a new alarm, as if nothing stood in the way."""
    if alarm.kind in LOSSES:
        return workload.monitor.then
    if alarm.kind == "drift":
        return workload.monitor.drift_leads_to
    return "notify" if alarm.kind == "service" else "investigate"


def _rolls_back(workload: Workload, judged: Judged, circumstances: Circumstances) -> bool:
    within, since = workload.monitor.roll_back_within, circumstances.champion_since
    if within is None or since is None or circumstances.worse_than_before is None or circumstances.under_way:
        return False
    return circumstances.now - since <= within and _not_lately(workload, judged, "roll_back", circumstances) is None


def _obstacles(
    workload: Workload, findings: Sequence[Finding], judged: Judged, circumstances: Circumstances
) -> tuple[str, ...]:
    """Why nothing is retrained, in words; none: it is."""
    monitor = workload.monitor
    lost = losses(findings, judged.alarms)
    drifted = any(alarm.kind == "drift" for alarm in judged.alarms)
    if not (drifted and monitor.drift_leads_to == "retrain"):
        if not lost and circumstances.grown is None:
            return ("no loss of performance is shown",)
        if lost and monitor.then != "retrain":
            return (f"the policy is to {monitor.then}",)
    unfit = [found.message for found in findings if found.unfit and found.significant]
    found = (
        f"the data are not fit to learn from ({'; '.join(unfit)})" if unfit else None,
        circumstances.too_few if lost else None,
        f"{', '.join(circumstances.under_way)} under way" if circumstances.under_way else None,
        circumstances.unaffordable,
        _not_lately(workload, judged, "retrain", circumstances),
    )
    return tuple(obstacle for obstacle in found if obstacle is not None)


def _not_lately(workload: Workload, judged: Judged, action: Action, circumstances: Circumstances) -> str | None:
    """That the action was asked for within the cooldown, in words; None where it was not."""
    asked = judged.asked.get(action)
    wait = cooldown(workload.monitor)
    if asked is None or circumstances.now - asked >= wait:
        return None
    return f"one was asked for at {asked:%Y-%m-%d %H:%M} UTC, and the cooldown is {_in_words(wait)}"


def _in_words(wait: timedelta) -> str:
    hours = wait.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours" if hours >= 1 else f"{hours * 60:g} minutes"


def _decision(actions: set[Action], outcome: Outcome, reason: str, obstacles: tuple[str, ...] = ()) -> Decision:
    ordered = tuple(action for action in STRENGTH if action in actions)
    return Decision(
        action=ordered[0] if ordered else "nothing",
        actions=ordered,
        outcome=outcome,
        reason=reason,
        obstacles=obstacles,
    )


def _retraining(actions: set[Action], outcome: Outcome, why: str, circumstances: Circumstances) -> Decision:
    since = circumstances.since
    told = why if since is None else f"{why} It learns from the rows since {since:%Y-%m-%d %H:%M} UTC."
    return _decision(actions | {"retrain"}, outcome, told).model_copy(update={"since": since})


def _quiet(findings: Sequence[Finding], judged: Judged) -> str:
    unclear = [finding.subject for finding in findings if not finding.conclusive]
    also = f" Inconclusive: {', '.join(unclear)}." if unclear else ""
    if judged.awaiting:
        seen = "; ".join(finding.message for finding in judged.awaiting)
        return f"Seen, and to be confirmed by a window that does not overlap this one: {seen}.{also}"
    if unclear:
        return f"Nothing is shown, but inconclusive: {', '.join(unclear)}."
    return "Nothing drifted, and no performance was lost."
