"""Enough rows to learn from, and so many more that it is worth learning again."""

from __future__ import annotations

import pytest

from lifecycle.alarms import judge
from lifecycle.decision import Circumstances, decide
from lifecycle.sufficiency import grown_to, too_few_since
from tests.lifecycle.seen import Past, at, finding, span, workload

LOSS = finding("performance", subject="roc_auc")
KEPT = finding("performance", False, subject="roc_auc")
BROKEN = finding("quality", subject="missing values of weight").model_copy(update={"unfit": True})


def decided(*findings: object, **circumstances: object):  # type: ignore[no-untyped-def]
    toy = workload()
    judged = judge(span(24, 48), findings, toy.monitor, Past())  # type: ignore[arg-type]
    return decide(toy, findings, judged, Circumstances(now=at(48), **circumstances))  # type: ignore[arg-type]


def test_the_limits() -> None:
    assert too_few_since(500, minimum=500) is None
    assert too_few_since(499, minimum=500) == "499 labelled rows since the loss began are fewer than 500"
    assert grown_to(1000, 3999, grown=4) is None
    assert grown_to(1000, 4000, grown=4) == "4000 labelled rows are 4.0 times those that were last trained on"


def test_a_loss_waits_for_rows_to_learn_from() -> None:
    waits = decided(LOSS, too_few="154 labelled rows")
    assert waits.action == "notify"
    assert waits.obstacles == ("154 labelled rows",)
    assert decided(LOSS).action == "retrain"


@pytest.mark.parametrize(
    ("findings", "circumstances", "action"),
    [
        ((KEPT,), {}, "nothing"),
        ((KEPT,), {"grown": "4 times"}, "retrain"),
        ((KEPT,), {"grown": "4 times", "unaffordable": "3 of 3"}, "nothing"),
        ((KEPT,), {"grown": "4 times", "under_way": ("release-toy",)}, "nothing"),
        ((KEPT,), {"grown": "4 times", "too_few": "of no loss"}, "retrain"),
        ((KEPT, BROKEN), {"grown": "4 times"}, "investigate"),
    ],
)
def test_many_more_rows_are_worth_a_retraining(
    findings: tuple[object, ...], circumstances: dict[str, object], action: str
) -> None:
    decision = decided(*findings, **circumstances)
    assert decision.action == action
    assert ("4 times" in decision.reason) == ("grown" in circumstances and BROKEN not in findings)


def test_growth_beside_an_alarm_that_asks_for_something_else() -> None:
    service = finding("service", subject="errors")
    assert decided(service, KEPT, grown="4 times").actions == ("retrain", "notify")
