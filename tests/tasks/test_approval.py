"""An approval is of a version over a champion: whatever else became the champion since, it holds no longer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from platforms.ports import RegisteredModel
from tasks.approval import NotApproved, approval_of, overtaken, require_approval

EARLY, APPROVED, LATE = (datetime(2026, 5, day, tzinfo=UTC).isoformat() for day in (1, 2, 3))


def version(number: int, **tags: str) -> RegisteredModel:
    named = {f"perennial.{name.replace('_', '-')}": value for name, value in tags.items()}
    return RegisteredModel("toy", number, f"run-{number}", named, (), datetime(2026, 5, 1, tzinfo=UTC))


def approved(number: int, over: str) -> RegisteredModel:
    return version(number, verdict="approved", approved_by="Ada", approved_at=APPROVED, approved_over=over)


def told(candidate: RegisteredModel, current: int | None, *others: RegisteredModel) -> str | None:
    approval = approval_of(candidate)
    assert approval is not None
    return overtaken(candidate, approval, current, [*others, candidate])


@pytest.mark.parametrize(
    ("candidate", "current", "others"),
    [
        (approved(1, "none"), None, []),
        (approved(2, "1"), 1, [version(1, verdict="promoted", promoted_at=EARLY)]),
        # a newer one was promoted before: this one was compared with it
        (approved(2, "3"), 3, [version(3, verdict="promoted", promoted_at=EARLY)]),
        # its own promotion was killed when the alias had moved
        (approved(2, "1"), 2, [version(1, verdict="promoted", promoted_at=EARLY)]),
    ],
)
def test_what_was_compared_may_be_replaced(
    candidate: RegisteredModel, current: int | None, others: list[RegisteredModel]
) -> None:
    assert told(candidate, current, *others) is None


def test_a_newer_one_was_promoted_since() -> None:
    newer = version(3, verdict="promoted", promoted_at=LATE)
    assert "version 3, which is newer, was promoted since" in str(told(approved(2, "1"), 3, newer))
    assert "version 3, which is newer" in str(told(approved(2, "1"), 1, newer)), "though it was rolled back"


def test_it_never_met_what_serves() -> None:
    older = version(1, verdict="promoted", promoted_at=LATE)
    assert (
        told(approved(2, "none"), 1, older) == "it was compared with no champion, and version 1 is the champion since"
    )


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (version(2), r"no release approved it\."),
        (version(2, verdict="approved"), r"no release approved it\."),  # a verdict written by hand
        (version(2, verdict="rejected", reason="too bad"), "it was rejected: too bad"),
        (version(2, verdict="promoted", approved_by="Ada", approved_at=APPROVED), "it was promoted before"),
        (approved(2, "3"), "it was compared with version 3, and version 1 is the champion since"),
    ],
)
def test_a_refusal_says_why(candidate: RegisteredModel, why: str) -> None:
    with pytest.raises(NotApproved, match=why):
        require_approval(candidate, 1, [version(1), candidate])
