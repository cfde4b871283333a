"""A rollout goes forward on evidence alone, goes back from anywhere, and comes to the same end when it was killed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import ValidationError

from lifecycle.going_back import Return
from lifecycle.names import CHAMPION, PREVIOUS
from lifecycle.rollout import (
    WHOLE,
    Action,
    Compare,
    Compared,
    Conclude,
    Deploy,
    Effect,
    Ended,
    Enter,
    GoBack,
    Progress,
    RollingStep,
    SetAlias,
    SetTraffic,
    Standing,
    Wait,
    WriteTags,
    next_action,
    plan,
    steps_of,
)
from lifecycle.tags import APPROVED_AT, LEFT, PROMOTED_AT, REASON, ROLLOUT, VERDICT
from lifecycle.workload import Release

START = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEPS = (
    RollingStep(mirror=10, hold=MINUTE, requests=100, at_most=10 * MINUTE),
    RollingStep(traffic=5, hold=MINUTE, requests=100, at_most=10 * MINUTE),
    RollingStep(traffic=60, requests=100, at_most=10 * MINUTE),
    WHOLE,
)
OLD, NEW = 1, 2
APPROVED = {VERDICT: "approved", APPROVED_AT: START.isoformat()}
LEFT_SINCE = {**APPROVED, LEFT: Return(NEW, OLD, START + MINUTE, "worse").as_tag()}
FINE = Compared(requests=100)


def standing(step: int | None = None, entered: datetime = START, **more: Any) -> Standing:
    """The challenger is up; where a step is said, that step is in place."""
    found = Standing(NEW, OLD, APPROVED, ready=frozenset({OLD, NEW}), traffic={OLD: 100})
    if step is not None:
        tags = {**APPROVED, ROLLOUT: Progress(step, entered, START, APPROVED[APPROVED_AT]).as_tag()}
        share, copies = STEPS[step].traffic or 0, STEPS[step].mirror
        found = replace(
            found,
            tags=tags,
            traffic={OLD: 100 - share, NEW: share},
            mirror={} if copies is None else {NEW: copies},
        )
    return replace(found, **more)


def after(held: timedelta, compared: Compared, step: int = 0) -> Action:
    return next_action(STEPS, standing(step), START + held, compared)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (standing(ready=frozenset({OLD})), Deploy()),
        (standing(), Enter(0, STEPS[0])),
        (standing(1), Compare(1, Progress(1, START, START, APPROVED[APPROVED_AT]))),
        # killed between the step's tag and its traffic
        (standing(1, traffic={OLD: 100}, mirror={NEW: 10}), Enter(1, STEPS[1])),
        # killed after the last traffic, and after the alias
        (standing(2, traffic={NEW: 100}), Conclude()),
        (standing(2, traffic={NEW: 100}, champion=NEW), Conclude()),
        (standing(traffic={NEW: 100}, champion=NEW, tags={VERDICT: "promoted"}), Ended("promoted")),
        # a rejection that was written and not yet carried out
        (standing(2, tags={VERDICT: "rejected", REASON: "bad"}), GoBack("bad")),
        (standing(0, tags={VERDICT: "rejected", REASON: "bad"}), GoBack("bad")),
        (standing(tags={VERDICT: "rejected", REASON: "bad"}), Ended("rejected")),
        (standing(1, ready=frozenset({OLD}), failed=frozenset({NEW})), GoBack("its slot failed")),
        # an earlier rollout of the same version, under another approval
        (standing(tags={**APPROVED, ROLLOUT: Progress(2, START, START, "before").as_tag()}), Enter(0, STEPS[0])),
        (standing(tags={**APPROVED, ROLLOUT: "nonsense"}), Enter(0, STEPS[0])),
        # production went back from it, though its verdict was never changed
        (standing(tags=LEFT_SINCE), Ended("rejected")),
        (standing(2, tags=LEFT_SINCE), GoBack("worse")),
        (standing(traffic={NEW: 100}, tags={**LEFT_SINCE, VERDICT: "promoted"}), GoBack("worse")),
    ],
)
def test_what_is_next_follows_from_what_is_there(now: Standing, expected: Action) -> None:
    assert next_action(STEPS, now, START + MINUTE) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (standing(), False),
        (standing(0), True),
        (standing(0, tags={VERDICT: "rejected"}), True),  # killed before the way back
        (standing(tags={VERDICT: "rejected"}), False),
        (standing(0, tags=LEFT_SINCE), True),
        (standing(tags=LEFT_SINCE), False),
        (standing(traffic={NEW: 100}, champion=NEW, tags={VERDICT: "promoted"}), False),
    ],
)
def test_what_a_kill_left_half_rejected_is_under_way(now: Standing, expected: bool) -> None:
    assert now.under_way == expected


@pytest.mark.parametrize(
    ("held", "compared", "expected"),
    [
        (MINUTE, FINE, Enter),
        (MINUTE / 2, FINE, Wait),
        (MINUTE, Compared(requests=99), Wait),  # too little traffic never promotes
        (MINUTE, Compared(requests=100, unclear="nothing was logged"), Wait),
        (timedelta(0), Compared(requests=0, worse="errors"), GoBack),  # and what is worse needs no hold
        (10 * MINUTE, Compared(requests=99), GoBack),
        (MINUTE / 2, Compared(requests=100, worse_by_then="slow"), Wait),  # a machine may stand still for a moment
        (MINUTE, Compared(requests=100, worse_by_then="slow"), GoBack),
        (10 * MINUTE, FINE, Enter),
    ],
)
def test_a_look_decides(held: timedelta, compared: Compared, expected: type) -> None:
    assert isinstance(after(held, compared), expected)


def test_what_stays_inconclusive_goes_back_and_says_so() -> None:
    assert after(10 * MINUTE, Compared(requests=7)) == GoBack(
        "inconclusive after 10m of mirror 10 %: 7 of 100 requests were asked of each"
    )


def test_a_slot_that_starts_again_does_not_go_on() -> None:
    waits = next_action(STEPS, standing(0, ready=frozenset({OLD})), START + MINUTE, FINE)
    assert (isinstance(waits, Wait), getattr(waits, "why", "")) == (True, "its slot does not answer")


def test_a_clock_that_went_back_begins_the_hold_again() -> None:
    assert next_action(STEPS, standing(1), START - MINUTE, FINE) == Enter(1, STEPS[1])


def test_looks_are_as_long_apart_as_the_hold_bears() -> None:
    long = (RollingStep(traffic=5, hold=timedelta(hours=10)), WHOLE)
    tags = {**APPROVED, ROLLOUT: Progress(0, START, START, APPROVED[APPROVED_AT]).as_tag()}
    now = standing(tags=tags, traffic={OLD: 95, NEW: 5})
    looks = [next_action(long, now, START + held, FINE) for held in (timedelta(0), timedelta(hours=9.99))]
    assert [getattr(look, "pause", None) for look in looks] == [timedelta(minutes=5), timedelta(hours=0.01)]


def test_without_steps_or_a_champion_it_goes_at_once() -> None:
    assert steps_of((), True) == steps_of(STEPS, False) == (WHOLE,)
    assert steps_of(STEPS, True) == STEPS
    first = Standing(NEW, None, APPROVED, ready=frozenset({NEW}))
    assert next_action((WHOLE,), first, START) == Enter(0, WHOLE)
    assert plan(Enter(0, WHOLE), first, START) == (SetTraffic({NEW: 100}, {}),)


@pytest.mark.parametrize(
    ("rolling", "why"),
    [
        ([{"traffic": 5}], "must end with"),
        ([{"traffic": 5}, {"mirror": 10}, {"traffic": 100}], "mirrors first"),
        ([{"traffic": 25}, {"traffic": 25}, {"traffic": 100}], "more than the one before"),
        ([{"traffic": 100, "requests": 9}], "holds nothing"),
        ([{"mirror": 51}, {"traffic": 100}], "less than or equal to 50"),
        ([{"hold": "1m"}, {"traffic": 100}], "mirror or traffic"),
        ([{"traffic": 5, "hold": "2d"}, {"traffic": 100}], "longer than hold"),
    ],
)
def test_steps_that_make_no_sense_are_told(rolling: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Release.model_validate({"rolling": tuple(rolling)})


class Rollout(RuleBasedStateMachine):
    """A world that may stop between any two effects, and whatever else happens meanwhile."""

    @initialize(holds=st.booleans())
    def begin(self, holds: bool) -> None:
        self.steps = STEPS if holds else (STEPS[0], STEPS[2], WHOLE)
        self.now, self.aliases = START, {CHAMPION: OLD}
        self.tags: dict[str, str] = dict(APPROVED)
        self.traffic, self.mirror = {OLD: 100}, dict[int, int]()
        self.ready, self.failed, self.asked, self.worse = {OLD}, set[int](), 0, False
        self.pending: list[Effect] = []
        self.fine: set[int] = set()  # the steps that were gone on from with enough requests
        self.entered: list[int] = []
        self.told_worse = False

    @property
    def standing(self) -> Standing:
        return Standing(
            NEW,
            self.aliases[CHAMPION],
            self.tags,
            frozenset(self.ready),
            frozenset(self.failed),
            self.traffic,
            self.mirror,
        )

    @rule(seconds=st.sampled_from([-300, -1, 0, 5, 30, 61, 500, 700]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(requests=st.sampled_from([0, 1, 99, 100]))
    def clients_ask(self, requests: int) -> None:
        self.asked += requests if self.standing.exposed else 0

    @rule()
    def it_gets_worse(self) -> None:
        self.worse = True

    @precondition(lambda self: NEW in self.ready)
    @rule(fails=st.booleans())
    def its_slot_dies(self, fails: bool) -> None:
        self.ready.discard(NEW)
        if fails:
            self.failed.add(NEW)

    @rule()
    def somebody_rolls_back(self) -> None:
        """Whoever rolls back carries it out to its end, whatever the rollout had been about to do."""
        if self.standing.under_way:
            self.pending = []
            for effect in plan(GoBack("by hand"), self.standing, self.now):
                self.do(effect)

    @rule()
    def it_looks(self) -> None:
        """Decide anew from what is there, whether or not an earlier decision was carried out whole."""
        self.pending = []
        action = next_action(self.steps, self.standing, self.now)
        if isinstance(action, Compare):
            compared = Compared(self.asked, "errors" if self.worse else "")
            action = next_action(self.steps, self.standing, self.now, compared)
            if isinstance(action, Enter) and action.number > self.entered[-1]:
                assert not self.worse
                assert self.asked >= self.steps[self.entered[-1]].requests
                assert self.now - self.standing.progress.entered >= self.steps[self.entered[-1]].hold  # type: ignore[union-attr]
            self.told_worse |= isinstance(action, GoBack)
        if isinstance(action, Deploy):
            self.failed.discard(NEW)
            self.ready.add(NEW)
        if isinstance(action, Enter):
            came_from = self.entered[-1] if self.entered else -1
            assert action.number in (came_from, came_from + 1), "no step is skipped"
        self.pending = list(plan(action, self.standing, self.now))

    @precondition(lambda self: self.pending)
    @rule()
    def an_effect(self) -> None:
        self.do(self.pending.pop(0))

    @precondition(lambda self: self.pending)
    @rule()
    def all_effects(self) -> None:
        while self.pending:
            self.do(self.pending.pop(0))

    def do(self, effect: Effect) -> None:
        if isinstance(effect, WriteTags):
            before = self.standing.progress
            self.tags |= effect.tags
            found = self.standing.progress
            if found is not None and found != before:
                self.entered.append(found.step)
                self.asked = 0
        elif isinstance(effect, SetTraffic):
            if any(share and version not in self.ready for version, share in effect.traffic.items()):
                self.pending = []  # the platform refuses
                return
            self.traffic, self.mirror = dict(effect.traffic), dict(effect.mirror)
        elif isinstance(effect, SetAlias):
            self.aliases[effect.alias] = effect.version

    @invariant()
    def traffic_is_whole(self) -> None:
        if hasattr(self, "traffic"):
            assert sum(self.traffic.values()) == 100
            assert not (set(self.mirror) & {version for version, share in self.traffic.items() if share})

    @invariant()
    def there_is_one_champion_and_it_serves(self) -> None:
        """But for the moment between the last traffic and the alias."""
        if hasattr(self, "traffic"):
            champion = self.aliases[CHAMPION]
            assert self.traffic.get(champion, 0) > 0 or self.traffic == {NEW: 100}
            assert (champion == NEW) <= (self.traffic == {NEW: 100})

    @invariant()
    def what_is_exposed_was_written_before(self) -> None:
        if hasattr(self, "traffic") and self.standing.exposed and self.traffic != {NEW: 100}:
            progress = self.standing.progress
            assert progress is not None
            assert self.traffic.get(NEW, 0) <= (self.steps[progress.step].traffic or 0)

    def teardown(self) -> None:
        """Left alone, with requests coming, it ends where its state says, however it was treated before."""
        if not hasattr(self, "traffic"):
            return
        self.pending = []
        rejected = self.tags[VERDICT] == "rejected" or (self.worse and self.traffic != {NEW: 100})
        for _ in range(40):
            if isinstance(next_action(self.steps, self.standing, self.now), Ended):
                break
            self.it_looks()
            self.all_effects()
            self.now += 2 * MINUTE
            self.asked += 100
        end = next_action(self.steps, self.standing, self.now)
        assert isinstance(end, Ended), end
        if rejected:
            assert end == Ended("rejected")
        if end.verdict == "rejected":
            assert (self.traffic, self.mirror, self.aliases[CHAMPION]) == ({OLD: 100}, {}, OLD)
            assert self.tags[REASON]
        else:
            assert (self.traffic, self.aliases) == ({NEW: 100}, {CHAMPION: NEW, PREVIOUS: OLD})
            assert datetime.fromisoformat(self.tags[PROMOTED_AT])
            assert self.entered[-1] == len(self.steps) - 2, "it went through all its steps"


TestRollout = Rollout.TestCase
TestRollout.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
