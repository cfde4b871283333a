"""The rollout: one state machine of a release in production, from no traffic to all of it, or back.

Its state is what is deployed and written (`Standing`), nothing else: whoever reads it anew, after a kill or in another
process, comes to the same next action. An action is a list of effects, each of which may be the last that is seen.
What is decided is written before what depends on it: the step before its traffic, the rejection before the way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from lifecycle.base import Frozen
from lifecycle.durations import Duration, spell_duration
from lifecycle.going_back import Return
from lifecycle.names import CHAMPION, PREVIOUS
from lifecycle.tags import APPROVED_AT, PROMOTED_AT, REASON, ROLLOUT, VERDICT

_LOOKS = 20  # a hold is looked at so often
SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)


class RollingStep(Frozen):
    """A share of the requests, for a while: copies of them (mirror), or themselves (traffic)."""

    mirror: int | None = Field(default=None, ge=1, le=50, description="Per cent of the requests that are copied")
    traffic: int | None = Field(default=None, ge=1, le=100, description="Per cent of the requests")
    hold: Duration = Field(default=timedelta(0), description="It lasts so long at least")
    requests: int = Field(default=100, ge=1, description="Of the challenger and of the champion, at least")
    at_most: Duration = Field(default=timedelta(days=1), description="Then it goes back, where it is not decided")

    @model_validator(mode="after")
    def _one_share(self) -> Self:
        if (self.mirror is None) == (self.traffic is None):
            raise ValueError("a step says mirror or traffic, such as {mirror: 10} or {traffic: 25}")
        if self.traffic == 100 and self.model_fields_set - {"traffic"}:
            raise ValueError("traffic: 100 is the end: nothing is left to compare with, so it holds nothing")
        if self.at_most <= self.hold:
            raise ValueError("at_most must be longer than hold")
        return self

    @property
    def whole(self) -> bool:
        """Whether it is the last one, after which nothing else serves."""
        return self.traffic == 100


WHOLE = RollingStep(traffic=100)


def require_order(steps: Sequence[RollingStep]) -> None:
    """ValueError unless the steps only go forward, mirrors first, and end with all the traffic. None are fine."""
    if not steps:
        return
    if not steps[-1].whole:
        raise ValueError("rolling must end with {traffic: 100}")
    shares = [(step.traffic is not None, step.traffic or step.mirror or 0) for step in steps]
    if any(after <= before for before, after in pairwise(shares)):
        raise ValueError("rolling goes forward: mirrors first, then traffic, each step with more than the one before")


class LiveLimits(Frozen):
    """How challenger and champion are compared while both are asked; none: not by this signal."""

    alpha: float = Field(
        default=0.01, gt=0, le=0.1, description="How often an A/A release may be rolled back, all signals together"
    )
    slower: float | None = Field(default=2.0, gt=1, description="Times the champion's 95th percentile of latency")
    predictions: float | None = Field(
        default=0.2, gt=0, lt=1, description="Distance of the predictions beyond what the hold-out foretold, 0..1"
    )
    losses: float | None = Field(
        default=0.05, gt=0, lt=1, description="How much more often the challenger may be further off, by labels, 0..1"
    )


@dataclass(frozen=True)
class Progress:
    """How far a rollout has come, as one tag of its version tells: written whole or not at all."""

    step: int  # from 0
    entered: datetime  # UTC: its hold counts from here
    since: datetime  # UTC: the first step's
    approved_at: str  # names the approval: what an earlier rollout of the same version left does not count

    def as_tag(self) -> str:
        return f"{self.step} {self.entered.isoformat()} {self.since.isoformat()} {self.approved_at}"

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Progress | None:
        """None where its approval's rollout has not begun."""
        try:
            step, entered, since, approved_at = tags.get(ROLLOUT, "").split(" ")
            found = cls(int(step), datetime.fromisoformat(entered), datetime.fromisoformat(since), approved_at)
        except ValueError:
            return None
        return found if approved_at == tags.get(APPROVED_AT) else None


@dataclass(frozen=True)
class Standing:
    """What is deployed and written in production, by model version."""

    challenger: int
    champion: int | None  # by its alias
    tags: Mapping[str, str]  # the challenger's
    ready: frozenset[int] = frozenset()  # what healthy slots hold
    failed: frozenset[int] = frozenset()
    traffic: Mapping[int, int] = field(default_factory=dict)  # per cent; sums to 100, or nothing serves
    mirror: Mapping[int, int] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """A version that production went back from is rejected until it is approved anew, whatever its tag says."""
        return "rejected" if Return.of(self.challenger, self.tags) else self.tags.get(VERDICT, "")

    @property
    def why_rejected(self) -> str:
        """In words, where it is."""
        left = Return.of(self.challenger, self.tags)
        return self.tags.get(REASON, "") if left is None else left.reason

    @property
    def progress(self) -> Progress | None:
        return Progress.of(self.tags)

    @property
    def exposed(self) -> bool:
        """Whether the challenger gets any request that is not our own."""
        return self.traffic.get(self.challenger, 0) > 0 or self.mirror.get(self.challenger, 0) > 0

    @property
    def under_way(self) -> bool:
        """Whether there is a rollout that a rollback would end, or has begun to."""
        return self.stuck or (self.verdict == "approved" and (self.exposed or self.progress is not None))

    @property
    def stuck(self) -> bool:
        """Whether it was rejected, and gets requests all the same: who wrote that was killed before the way back."""
        return self.verdict == "rejected" and self.exposed and self.champion not in (None, self.challenger)


@dataclass(frozen=True)
class Compared:
    """What a look at both versions found. Not worse is no proof that it is as good: that takes requests, too."""

    requests: int  # of the one that got fewer, since the step began
    worse: str = ""  # why it goes back, at once
    worse_by_then: str = ""  # why it goes back if that still stands once it would go on
    unclear: str = ""  # what could not be told; it does not go on


@dataclass(frozen=True)
class Deploy:
    """Bring the challenger up in the slot without traffic."""


@dataclass(frozen=True)
class Enter:
    """Begin a step, or put it in place again; its hold counts from now."""

    number: int
    step: RollingStep


@dataclass(frozen=True)
class Compare:
    """The step is in place: look at both versions, and ask again with what was found."""

    number: int
    progress: Progress


@dataclass(frozen=True)
class Wait:
    """Look again after the pause."""

    pause: timedelta
    verdict: Literal["wait", "inconclusive"]
    why: str


@dataclass(frozen=True)
class Conclude:
    """It has all the traffic: it is the champion."""


@dataclass(frozen=True)
class GoBack:
    """The champion gets all the traffic again, and the challenger is rejected."""

    reason: str


@dataclass(frozen=True)
class Ended:
    """Nothing is left to do."""

    verdict: Literal["promoted", "rejected"]


Action = Deploy | Enter | Compare | Wait | Conclude | GoBack | Ended


@dataclass(frozen=True)
class WriteTags:
    """On the challenger."""

    tags: Mapping[str, str]


@dataclass(frozen=True)
class SetTraffic:
    """Shares and copies by version, at once."""

    traffic: Mapping[int, int]
    mirror: Mapping[int, int]


@dataclass(frozen=True)
class SetAlias:
    alias: str
    version: int


Effect = WriteTags | SetTraffic | SetAlias


def steps_of(rolling: Sequence[RollingStep], champion_serves: bool) -> tuple[RollingStep, ...]:
    """What a release goes through: all at once where nothing was said, or nothing is there to compare with."""
    return tuple(rolling) if rolling and champion_serves else (WHOLE,)


def next_action(
    steps: Sequence[RollingStep], standing: Standing, now: datetime, compared: Compared | None = None
) -> Action:
    """What is to be done. compared: what a look found, once `Compare` asked for it."""
    if standing.verdict == "rejected":
        return GoBack(standing.why_rejected) if standing.stuck else Ended("rejected")
    if standing.traffic.get(standing.challenger, 0) == 100:
        done = standing.verdict == "promoted" and standing.champion == standing.challenger
        return Ended("promoted") if done else Conclude()
    progress = standing.progress
    if progress is not None and standing.challenger in standing.failed:
        return GoBack("its slot failed")
    number = 0 if progress is None else max(0, min(progress.step, len(steps) - 2))  # the file may have fewer by now
    step = steps[number]
    in_place = progress is not None and progress.entered <= now and _in_place(standing, step)  # or the clock went back
    if progress is None or not in_place:
        return Enter(number, step) if standing.challenger in standing.ready else Deploy()
    if compared is None:
        return Compare(number, progress)
    if standing.challenger not in standing.ready:
        compared = replace(compared, unclear="its slot does not answer")
    return _judged(steps, number, now - progress.entered, compared)


def _judged(steps: Sequence[RollingStep], number: int, held: timedelta, compared: Compared) -> Action:
    step = steps[number]
    if compared.worse:
        return GoBack(compared.worse)
    lacks = compared.unclear
    if compared.requests < step.requests:
        lacks = f"{compared.requests} of {step.requests} requests were asked of each"
    if not lacks and held >= step.hold and compared.worse_by_then:
        return GoBack(compared.worse_by_then)
    if not lacks and held >= step.hold:
        return Enter(number + 1, steps[number + 1])
    if held >= step.at_most:
        return GoBack(f"inconclusive after {spell_duration(step.at_most)} of {spell_step(step)}: {lacks}")
    if held >= step.hold:
        return Wait(_pause(held), "inconclusive", lacks)
    left = step.hold - held
    return Wait(min(_pause(step.hold), left), "wait", f"{spell_duration(_rounded(left))} of its hold are left")


def plan(action: Action, standing: Standing, now: datetime) -> tuple[Effect, ...]:
    """The effects of an action, in the order that survives a kill after any of them."""
    challenger, champion = standing.challenger, standing.champion
    if isinstance(action, Enter):
        share = SetTraffic(*_shares(standing, action.step))
        return (share,) if action.step.whole else (WriteTags({ROLLOUT: _entered(action, standing, now)}), share)
    if isinstance(action, GoBack):
        back = {} if champion is None else {champion: 100}
        return WriteTags({VERDICT: "rejected", REASON: action.reason[:4000]}), SetTraffic(back, {})
    if isinstance(action, Conclude):
        before = () if champion in (None, challenger) else (SetAlias(PREVIOUS, champion),)
        known = standing.tags.get(PROMOTED_AT) if standing.verdict == "promoted" else None
        told = WriteTags({PROMOTED_AT: known or now.isoformat(), VERDICT: "promoted"})
        return *before, SetAlias(CHAMPION, challenger), told
    return ()


def spell_step(step: RollingStep) -> str:
    """As people say it."""
    return f"mirror {step.mirror} %" if step.mirror is not None else f"traffic {step.traffic} %"


def _entered(action: Enter, standing: Standing, now: datetime) -> str:
    before = standing.progress
    since = now if before is None or action.number == 0 else min(before.since, now)
    return Progress(action.number, now, since, standing.tags.get(APPROVED_AT, "")).as_tag()


def _shares(standing: Standing, step: RollingStep) -> tuple[dict[int, int], dict[int, int]]:
    """Traffic and mirror by version."""
    if step.whole or standing.champion is None:
        return {standing.challenger: 100}, {}
    if step.mirror is not None:
        return {standing.champion: 100}, {standing.challenger: step.mirror}
    share = step.traffic or 0
    return {standing.champion: 100 - share, standing.challenger: share}, {}


def _in_place(standing: Standing, step: RollingStep) -> bool:
    there = tuple(
        {one: share for one, share in found.items() if share} for found in (standing.traffic, standing.mirror)
    )
    return there == _shares(standing, step)


def _pause(of: timedelta) -> timedelta:
    return min(max(of / _LOOKS, SHORTEST_PAUSE), LONGEST_PAUSE)


def _rounded(left: timedelta) -> timedelta:
    return timedelta(seconds=max(1, round(left.total_seconds())))
