"""An A/B test of two versions as an end in itself: one state machine, from a plan to an answer.

Its state is what is deployed and written (`Standing`), nothing else: whoever reads it anew, after a kill or in another
process, comes to the same next action. The endpoint's traffic is none of it: it stays the champion's, and the
challenger waits in its slot for those requests that name it. So the only write that gives clients another version is
what the front reads (`Begin`), and the one that takes it back (`Withdraw`) may come at any time. What is decided is
written before what depends on it: the plan before the slot, the end before the front's plan is withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from lifecycle.base import Frozen
from lifecycle.tags import REASON, VERDICT

AbMetric = Literal["loss", "label"]
Better = Literal["smaller", "larger"]
AbVerdict = Literal["better", "worse", "not decided yet", "assignment broken"]

KEY = r"^\d{8}-\d{6}-[a-z0-9]{1,20}$"  # a test's: keys sort by when the tests began
_LOOKS = 20  # a test's age is so many pauses
SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)


class AbPlan(Frozen):
    """What was asked for, written once. The salt stands here and in what the front reads, and nowhere else."""

    test: str = Field(pattern=KEY)
    workload: str
    champion: int
    challenger: int
    share: int = Field(ge=1, le=99)  # per cent of the callers that get the challenger
    metric: AbMetric
    better: Better
    alpha: float = Field(gt=0, lt=0.5)
    stop_when_decided: bool
    began: AwareDatetime  # UTC
    until: AwareDatetime | None  # None: until it is ended
    by: str
    salt: str = Field(repr=False)


class AbEnd(Frozen):
    """That it is over, written once."""

    at: AwareDatetime  # UTC
    why: str
    by: str


class AbLook(Frozen):
    """What one look found, for the picture."""

    at: AwareDatetime
    callers: int  # measured, of both arms
    verdict: AbVerdict
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Standing:
    """What is deployed and written in production."""

    plan: AbPlan
    champion: int | None  # by its alias, now
    tags: Mapping[str, str]  # the challenger's
    slot: str | None = None  # the healthy one that holds the challenger
    failed: bool = False  # whether its slot has
    promoting: bool = False  # whether it gets requests of the endpoint's own traffic, or copies of them
    fronted: str | None = None  # the slot that the front reads of, for this test
    end: AbEnd | None = None
    concluded: bool = False  # whether its answer is written


@dataclass(frozen=True)
class Deploy:
    """Bring the challenger up in the slot without traffic, and have it answer as it did in staging."""


@dataclass(frozen=True)
class Begin:
    """Tell the front: from now on the challenger's callers get it."""

    slot: str


@dataclass(frozen=True)
class Look:
    """It runs: look at what was logged, and ask again with the verdict."""


@dataclass(frozen=True)
class Wait:
    """Look again after the pause."""

    pause: timedelta


@dataclass(frozen=True)
class End:
    """Write that it is over."""

    why: str


@dataclass(frozen=True)
class Withdraw:
    """Take it back from the front: all callers get the champion."""


@dataclass(frozen=True)
class Conclude:
    """Write the answer."""


@dataclass(frozen=True)
class Over:
    """Nothing is left to do."""


Action = Deploy | Begin | Look | Wait | End | Withdraw | Conclude | Over


def next_action(standing: Standing, now: datetime, verdict: AbVerdict | None = None) -> Action:
    """What is to be done. verdict: what a look found, once `Look` asked for it."""
    plan = standing.plan
    if standing.end is not None:
        if standing.fronted is not None:
            return Withdraw()
        return Over() if standing.concluded else Conclude()
    why = _why_over(standing, now)
    if why:
        return End(why)
    if standing.fronted is None or standing.slot not in (None, standing.fronted):
        return Deploy() if standing.slot is None else Begin(standing.slot)
    if verdict is None:
        return Look()
    if plan.stop_when_decided and verdict in ("better", "worse"):
        return End(f"it is decided: the challenger is {verdict}")
    return Wait(pause_of(plan, now))


def pause_of(plan: AbPlan, now: datetime) -> timedelta:
    """Until the next look, which is no later than its end: soon at first, and later as seldom as callers come."""
    pause = min(max((now - plan.began) / _LOOKS, SHORTEST_PAUSE), LONGEST_PAUSE)
    return pause if plan.until is None else max(min(pause, plan.until - now), timedelta(0))


def why_not(challenger: int, champion: int | None, tags: Mapping[str, str]) -> str:
    """Why there can be no such test, in words; nothing where there can. tags: the challenger's."""
    if champion is None:
        return "nothing serves that it could be compared with"
    if challenger == champion:
        return f"version {challenger} is the champion itself"
    if tags.get(VERDICT) == "rejected":
        return f"version {challenger} was rejected: {tags.get(REASON, '')}"
    if tags.get(VERDICT) not in ("approved", "promoted"):
        return f"no release approved version {challenger}, and no client meets what was not approved"
    return ""


def next_step(verdict: AbVerdict, plan: AbPlan, tags: Mapping[str, str]) -> str:
    """What to do with the answer, in words. tags: the challenger's."""
    if verdict == "better":
        word = "promote" if tags.get(VERDICT) == "approved" else "release"
        command = f"perennial {word} {plan.workload} {plan.challenger}"
        return f"To have version {plan.challenger} for everybody, {word} it: `{command}`."
    if verdict == "worse":
        return f"Keep version {plan.champion}: it serves all requests."
    if verdict == "assignment broken":
        return "Find out which requests are lost, or not logged, in one of the arms; then start the test anew."
    return f"Version {plan.champion} serves all requests. A longer test, or a larger share, would tell more."


def _why_over(standing: Standing, now: datetime) -> str:
    plan = standing.plan
    if plan.until is not None and now >= plan.until:
        return "its time is over"
    if standing.champion != plan.champion:
        return f"version {standing.champion} is the champion by now"
    if standing.tags.get(VERDICT) == "rejected":
        return f"version {plan.challenger} was rejected: {standing.tags.get(REASON, '')}"
    if standing.promoting:
        return f"version {plan.challenger} is on its way to production"
    return "the challenger's slot failed" if standing.failed else ""
