"""The state machine of an A/B test: whatever stands, one thing is next, and a kill anywhere changes no end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from lifecycle.ab_test import (
    AbEnd,
    AbPlan,
    Action,
    Begin,
    Conclude,
    Deploy,
    End,
    Look,
    Over,
    Standing,
    Wait,
    Withdraw,
    next_action,
    next_step,
    pause_of,
    why_not,
)

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
PLAN = AbPlan(
    test="20261101-000000-a",
    workload="toy",
    champion=1,
    challenger=2,
    share=50,
    metric="loss",
    better="smaller",
    alpha=0.05,
    stop_when_decided=False,
    began=BEGAN,
    until=BEGAN + timedelta(days=14),
    by="Ada",
    salt="secret",
)
APPROVED = {"perennial.verdict": "approved"}
ENDED = AbEnd(at=BEGAN, why="by hand", by="Ada")
RUNNING = Standing(PLAN, 1, APPROVED, slot="green", fronted="green")


def after(standing: Standing, action: Action) -> Standing:
    """What stands once the action was carried out."""
    if isinstance(action, Deploy):
        return replace(standing, slot="green")
    if isinstance(action, Begin):
        return replace(standing, fronted=action.slot)
    if isinstance(action, End):
        return replace(standing, end=AbEnd(at=BEGAN, why=action.why, by="flow"))
    if isinstance(action, Withdraw):
        return replace(standing, fronted=None)
    return replace(standing, concluded=True) if isinstance(action, Conclude) else standing


def walk(standing: Standing, now: datetime = BEGAN, verdict: Any = "better") -> list[str]:
    """The actions until it waits or is over; a kill before any of them leads to the very same rest."""
    found = []
    while len(found) < 20:
        action = next_action(standing, now)
        if isinstance(action, Look):
            action = next_action(standing, now, verdict)
        found.append(type(action).__name__)
        if isinstance(action, (Wait, Over)):
            return found
        standing = after(standing, action)
    raise AssertionError(found)


def test_it_goes_from_plan_to_answer() -> None:
    assert walk(Standing(PLAN, 1, APPROVED)) == ["Deploy", "Begin", "Wait"]
    assert walk(RUNNING, PLAN.until or BEGAN) == ["End", "Withdraw", "Conclude", "Over"]
    assert walk(replace(RUNNING, plan=PLAN.model_copy(update={"stop_when_decided": True}))) == [
        "End",
        "Withdraw",
        "Conclude",
        "Over",
    ]
    assert walk(RUNNING) == ["Wait"], "who wants to know more than which is better says so"


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (replace(RUNNING, champion=3), "version 3 is the champion by now"),
        (replace(RUNNING, tags={"perennial.verdict": "rejected", "perennial.reason": "no good"}), "no good"),
        (replace(RUNNING, slot=None, failed=True), "slot failed"),
        (replace(RUNNING, promoting=True), "on its way"),
    ],
)
def test_it_ends_where_there_is_nothing_left_to_compare(standing: Standing, why: str) -> None:
    action = next_action(standing, BEGAN)
    assert isinstance(action, End)
    assert why in action.why
    assert walk(standing)[1:] == ["Withdraw", "Conclude", "Over"]


def test_a_slot_that_starts_again_ends_nothing_and_one_that_moved_is_told() -> None:
    assert isinstance(next_action(replace(RUNNING, slot=None), BEGAN), Look)
    assert next_action(replace(RUNNING, slot="blue"), BEGAN) == Begin("blue")


def test_whatever_stands_no_caller_gets_the_challenger_once_it_is_over() -> None:
    """All standings: after the end is written, the front is told first, and it comes to an end."""
    for slot, failed, fronted, end, concluded, champion, verdict in product(
        (None, "green"), (False, True), (None, "green", "blue"), (None, ENDED), (False, True), (None, 1, 3),
        ("better", "worse", "not decided yet", "assignment broken"),
    ):  # fmt: skip
        standing = Standing(PLAN, champion, APPROVED, slot, failed, False, fronted, end, concluded)
        if end is not None:
            first = next_action(standing, BEGAN)
            assert isinstance(first, Withdraw) == (fronted is not None)
        last = walk(standing, verdict=verdict)[-1]
        assert last == ("Wait" if end is None and champion == 1 and not failed else "Over")


def test_looks_come_soon_at_first_and_none_after_its_end() -> None:
    assert pause_of(PLAN, BEGAN) == timedelta(seconds=1)
    assert pause_of(PLAN, BEGAN + timedelta(minutes=20)) == timedelta(minutes=1)
    assert pause_of(PLAN, BEGAN + timedelta(days=7)) == timedelta(hours=1)
    assert pause_of(PLAN, BEGAN + timedelta(days=14, minutes=-5)) == timedelta(minutes=5)
    assert pause_of(PLAN.model_copy(update={"until": None}), BEGAN + timedelta(days=99)) == timedelta(hours=1)


def test_who_may_be_tested() -> None:
    assert why_not(2, 1, APPROVED) == why_not(2, 1, {"perennial.verdict": "promoted"}) == ""
    assert "nothing serves" in why_not(2, None, APPROVED)
    assert "champion itself" in why_not(1, 1, APPROVED)
    assert "no release approved" in why_not(2, 1, {})
    assert "was rejected: slow" in why_not(2, 1, {"perennial.verdict": "rejected", "perennial.reason": "slow"})


def test_the_salt_is_shown_to_nobody() -> None:
    assert "secret" not in repr(PLAN)
    assert AbPlan.model_validate_json(PLAN.model_dump_json()) == PLAN


def test_the_winner_is_promoted_under_its_approval_or_released_anew() -> None:
    assert "perennial promote toy 2" in next_step("better", PLAN, APPROVED)
    assert "perennial release toy 2" in next_step("better", PLAN, {"perennial.verdict": "promoted"})
    assert "perennial" not in next_step("worse", PLAN, APPROVED)
