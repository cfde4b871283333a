"""An investigation stays open until somebody or a policy closes it; the same drift opens no second one."""

from __future__ import annotations

import pytest

from lifecycle.investigation import (
    Investigation,
    Segment,
    Slice,
    closed_by_policy,
    investigation_id,
    not_investigated,
)
from lifecycle.ticket import ticket
from lifecycle.windows import WindowRecord
from lifecycle.workload import Monitor
from tests.lifecycle.seen import Past, alarm, at, finding, record

SEEN, FINE = finding(), finding(significant=False)
UNCLEAR = finding(significant=False, conclusive=False)


def investigation(version: int = 1) -> Investigation:
    pinned = Slice(
        endpoint="toy", start=at(0), end=at(24), model_version=version, dataset_version="d1", rows=7, blobs=("p/1",)
    )
    segments = (Segment(column="Age", values="over|40", share=0.5, reference_share=0.25),)
    return Investigation(
        id=investigation_id(version, "key"),
        workload="toy",
        opened_at=at(24),
        alarms=(alarm(),),
        slice=pinned,
        segments=segments,
        report="reports/toy/key.html",
        evidence="evidence/toy/key.json",
    )


def test_the_same_drift_opens_no_second_one() -> None:
    one, other = alarm(), alarm(subject="Weight")
    assert not_investigated([one, other], [investigation()], 1) == [other]
    assert not_investigated([one], [investigation()], 2) == [one], "it is another model's"


@pytest.mark.parametrize(
    ("later", "champion", "told"),
    [
        ([], 2, "version 2 is the champion now"),
        ([], 1, None),
        ([record(24, 48, FINE), record(48, 72, FINE)], 1, None),
        ([record(24, 48, FINE), record(48, 72, FINE), record(72, 96, FINE)], 1, "3 windows after each other"),
        ([record(24, 48, FINE), record(48, 72, SEEN), record(72, 96, FINE)], 1, None),
        ([record(24, 48, FINE), record(48, 72, UNCLEAR), record(72, 96, FINE)], 1, None),
        # those that overlap count once
        ([record(60 + hour, 84 + hour, FINE) for hour in range(12)], 1, None),
        # those that share rows with the drift do not count
        ([record(12, 36, FINE), record(48, 72, FINE), record(72, 96, FINE)], 1, None),
    ],
)
def test_a_policy_closes_it(later: list[WindowRecord], champion: int, told: str | None) -> None:
    past = Past([record(0, 24, SEEN), *later])
    found = closed_by_policy(investigation(), champion, at(96), Monitor(), past)
    assert found is None if told is None else told in str(found)


def test_a_ticket_says_all_that_it_takes_to_look_again() -> None:
    text = ticket(investigation())
    one = investigation()
    for told in (
        "toy, version 1: drift in Age", one.id, "drift was seen", "2026-05-01 00:00:00 to 2026-05-02 00:00:00 UTC",
        "7 rows", "`d1`", "`p/1`", "over\\|40 | 50.0% | 25.0%", "reports/toy/key.html", "evidence/toy/key.json",
        f"perennial investigation close toy {one.id}",
    ):  # fmt: skip
        assert told in text
