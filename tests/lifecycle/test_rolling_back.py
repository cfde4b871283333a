"""A champion is worse than the version before by what both achieved in production."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.findings import Finding
from lifecycle.rolling_back import worse_than_before
from lifecycle.workload import Monitor
from tests.lifecycle.seen import Past, alarm, at, finding, record

WITHIN = Monitor(roll_back_within=timedelta(days=2))


def auc(value: float, significant: bool = True, conclusive: bool = True) -> Finding:
    return finding("performance", significant, conclusive, "roc_auc", value)


def errors(value: float) -> Finding:
    return finding("service", subject="error rate", score=value)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (auc(0.6), [record(0, 24, auc(0.8, False))], "roc_auc is 0.600, and was 0.800 under version 1"),
        (auc(0.6), [record(0, 24, auc(0.62))], None),  # the version before had lost as much: the world has changed
        (auc(0.6), [record(0, 24, auc(0.8, False, False))], None),
        (auc(0.6), [record(-24, 0, auc(0.8, False)), record(0, 24, auc(0.55))], None),  # its last window counts
        (auc(0.6), [record(-999, -975, auc(0.8, False))], None),
        (auc(0.6), [], None),
        (errors(0.2), [record(0, 24, errors(0.01))], "error rate is 0.200, and was 0.010"),
        (errors(0.2), [record(0, 24, errors(0.3))], None),
        (finding("drift", score=9), [record(0, 24, finding("drift", score=1))], None),
    ],
)
def test_the_version_before(now: Finding, before: list[object], told: str | None) -> None:
    past = Past([*before, record(24, 47, now, model_version=2)])  # type: ignore[list-item]
    alarms = [alarm(now.kind, now.subject)]
    found = worse_than_before([now], alarms, at(48), 1, WITHIN, past)
    assert found is None if told is None else told in str(found)
    assert worse_than_before([now], [], at(48), 1, WITHIN, past) is None, "it is no alarm"


def test_of_a_loss_the_lower_is_better() -> None:
    worse = finding("performance", subject="log_loss", score=0.9)
    past = Past([record(0, 24, finding("performance", False, subject="log_loss", score=0.5))])
    assert worse_than_before([worse], [alarm("performance", "log_loss")], at(48), 1, WITHIN, past) is not None
