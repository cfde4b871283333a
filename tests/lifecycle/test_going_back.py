"""What the tags say of a version that was left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.going_back import Return, goes_forth
from lifecycle.tags import APPROVED_AT, LEFT, PROMOTED_AT, REASON, ROLLOUT, VERDICT

AT = datetime(2026, 5, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEAVING = Return(3, 2, AT, "too many\nerrors")


def test_it_is_found_again_by_its_tag() -> None:
    assert Return.of(3, {LEFT: LEAVING.as_tag()}) == LEAVING
    assert Return.of(3, {LEFT: LEAVING.as_tag(), APPROVED_AT: (AT - HOUR).isoformat()}) == LEAVING


@pytest.mark.parametrize("tag", ["", "2", "two 2026-05-02 why", "2 yesterday why"])
def test_what_is_no_such_tag_says_nothing(tag: str) -> None:
    assert Return.of(3, {LEFT: tag}) is None


def test_approved_anew_it_is_not_left_any_more() -> None:
    """Else it would go back the moment that it is the champion again."""
    assert Return.of(3, {LEFT: LEAVING.as_tag(), APPROVED_AT: (AT + HOUR).isoformat()}) is None


def test_an_ended_rollout_is_told_by_its_approval() -> None:
    ended = {VERDICT: "rejected", ROLLOUT: "1 a b c", APPROVED_AT: AT.isoformat(), REASON: "no good"}
    assert Return.of_rollout(3, 2, ended) == Return(3, 2, AT, "no good")
    assert Return.of_rollout(3, 2, {**ended, VERDICT: "promoted"}) is None
    assert Return.of_rollout(3, 2, {VERDICT: "rejected", REASON: "a gate"}) is None, "it never came to production"


def test_a_key_names_one_going_back() -> None:
    later = Return(3, 2, AT + HOUR, "again")
    assert LEAVING.key != later.key


def test_forth_is_to_what_was_promoted_later() -> None:
    old, young = {PROMOTED_AT: AT.isoformat()}, {PROMOTED_AT: (AT + HOUR).isoformat()}
    assert goes_forth(old, young)
    assert not goes_forth(young, old)
    assert not goes_forth(young, {})
