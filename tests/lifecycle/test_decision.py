"""What follows from alarms."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.alarms import Judged, judge
from lifecycle.decision import Circumstances, Decision, decide
from lifecycle.findings import Finding
from tests.lifecycle.seen import Past, alarm, at, finding, record, span, workload

LOSS = finding("performance", subject="roc_auc")
KEPT = finding("performance", False, subject="roc_auc")
DRIFT = finding("drift")
ESTIMATE = finding("estimate", subject="roc_auc")
BROKEN = finding("quality", subject="missing values of weight").model_copy(update={"unfit": True})
NOW = at(48)


def decided(findings: list[Finding], monitor: dict[str, object] | None = None, **circumstances: object) -> Decision:
    """All findings were seen in the window before, too."""
    toy = workload(**(monitor or {}))
    judged = judge(span(24, 48), findings, toy.monitor, Past([record(0, 24, *findings)]))
    return decide(toy, findings, judged, Circumstances(now=NOW, **circumstances))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("findings", "monitor", "circumstances", "action"),
    [
        ([LOSS], {}, {}, "retrain"),
        ([ESTIMATE], {}, {}, "retrain"),
        ([ESTIMATE, KEPT], {}, {}, "notify"),  # labels overrule the estimate
        ([DRIFT], {}, {}, "investigate"),
        ([DRIFT], {"on_drift": "notify"}, {}, "notify"),
        ([DRIFT], {"on_drift": "annotate"}, {}, "annotate"),
        ([DRIFT], {"retrain_on_drift": True}, {}, "retrain"),
        ([DRIFT], {"on_drift": "retrain", "then": "notify"}, {}, "retrain"),
        ([DRIFT, LOSS], {}, {}, "retrain"),
        ([LOSS], {"then": "notify"}, {}, "notify"),
        ([LOSS], {"then": "annotate"}, {}, "annotate"),
        ([LOSS], {}, {"unaffordable": "3 of 3 retrainings this week"}, "notify"),
        ([LOSS], {}, {"under_way": ("retrain-toy",)}, "notify"),
        ([LOSS, BROKEN], {}, {}, "investigate"),
        ([finding("service", subject="errors")], {}, {}, "notify"),
        ([finding("fairness")], {}, {}, "investigate"),
        ([finding("drift", False)], {}, {}, "nothing"),
        ([], {}, {}, "nothing"),
    ],
)
def test_policy(
    findings: list[Finding], monitor: dict[str, object], circumstances: dict[str, object], action: str
) -> None:
    assert decided(findings, monitor, **circumstances).action == action


def test_what_stands_in_the_way_is_said() -> None:
    decision = decided([LOSS, BROKEN], unaffordable="3 of 3 retrainings this week", under_way=("release-toy",))
    assert decision.obstacles == (
        "the data are not fit to learn from (quality was seen)",
        "release-toy under way",
        "3 of 3 retrainings this week",
    )
    assert all(obstacle in decision.reason for obstacle in decision.obstacles)


def test_one_window_of_drift_is_a_finding_and_nothing_follows() -> None:
    decision = decide(
        workload(), [DRIFT], judge(span(0, 24), [DRIFT], workload().monitor, Past()), Circumstances(now=NOW)
    )
    assert (decision.action, decision.outcome) == ("nothing", "finding")
    assert "to be confirmed by a window that does not overlap" in decision.reason


def test_inconclusive_is_said_and_not_read_as_fine() -> None:
    decision = decided([finding("performance", False, conclusive=False)])
    assert (decision.action, decision.outcome) == ("nothing", "inconclusive")
    assert "inconclusive: Age" in decision.reason


def test_a_known_alarm_asks_again_when_what_stood_in_the_way_is_gone() -> None:
    known = Judged(standing=(alarm("performance", "roc_auc", 47),))
    waiting = decide(workload(), [LOSS], known, Circumstances(now=NOW, under_way=("release-toy",)))
    assert (waiting.action, waiting.outcome) == ("nothing", "alarm")
    assert "That is known" in waiting.reason
    assert decide(workload(), [LOSS], known, Circumstances(now=NOW)).action == "retrain"


def test_a_retraining_is_asked_for_once_a_cooldown() -> None:
    """A challenger that lost is not trained again an hour later on the same data."""
    lately = Judged(raised=(alarm("performance", "roc_auc", 48),), asked={"retrain": at(30)})
    decision = decide(workload(), [LOSS], lately, Circumstances(now=NOW))
    assert (decision.action, "one was asked for at 2026-05-02 06:00" in decision.reason) == ("notify", True)
    long_ago = Judged(raised=lately.raised, asked={"retrain": at(24)})
    assert decide(workload(), [LOSS], long_ago, Circumstances(now=NOW)).action == "retrain"


@pytest.mark.parametrize(
    ("within", "since", "worse", "under_way", "action"),
    [
        (48, 24, "roc_auc is 0.5, and was 0.8", (), "roll_back"),
        (None, 24, "roc_auc is 0.5, and was 0.8", (), "retrain"),
        (12, 24, "roc_auc is 0.5, and was 0.8", (), "retrain"),
        (48, None, "roc_auc is 0.5, and was 0.8", (), "retrain"),
        (48, 24, None, (), "retrain"),
        (48, 24, "roc_auc is 0.5, and was 0.8", ("promote-toy",), "notify"),
    ],
)
def test_a_rollback_wants_a_young_champion_that_is_worse_than_the_version_before(
    within: int | None, since: int | None, worse: str | None, under_way: tuple[str, ...], action: str
) -> None:
    monitor = {} if within is None else {"roll_back_within": timedelta(hours=within)}
    champion_since = None if since is None else at(since)
    decision = decided([LOSS], monitor, champion_since=champion_since, worse_than_before=worse, under_way=under_way)
    assert decision.action == action
    assert not {"roll_back", "retrain"} <= set(decision.actions)
