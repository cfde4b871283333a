"""Labels overrule the estimate as soon as there are enough of them, and a disagreement is told."""

from __future__ import annotations

import pytest

from monitoring.estimate import Estimate, no_estimate
from monitoring.performance import Realised
from monitoring.standing import judge_concept, judge_standing, standing

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


def by_labels(value: float, low: float, high: float) -> Realised:
    return Realised("roc_auc", value, low, high, 800, 0.4, True)


def by_estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate("CBPE", "roc_auc", value, low, high, 0.88, 2000, True)


NO_LABELS = Realised("roc_auc", None, None, None, 12, 0.01, False, "12 labelled predictions are fewer than 50")


def test_enough_labels_overrule_the_estimate() -> None:
    found = standing(by_labels(0.86, 0.83, 0.89), by_estimate(0.88, 0.86, 0.90))
    assert (found.source, found.value, found.concept_drift) == ("labels", 0.86, False)


def test_without_enough_labels_the_estimate_counts_with_its_blind_spot() -> None:
    found = standing(NO_LABELS, by_estimate(0.88, 0.86, 0.90))
    assert (found.source, found.value, found.concept_drift) == ("estimate", 0.88, None)
    assert "12 labelled predictions" in found.reason
    assert "blind to concept drift" in found.reason


def test_without_either_nothing_is_claimed() -> None:
    found = standing(NO_LABELS, no_estimate("CBPE", "roc_auc", 20, 0.88, "the window holds 20 rows"))
    assert (found.source, found.value, found.conclusive) == ("none", None, False)
    judged = judge_standing(found, 0.88, 0.05)
    assert judged.verdict == "inconclusive"
    assert "20 rows" in judged.message


def test_labels_that_say_otherwise_are_concept_drift() -> None:
    labels, estimate = by_labels(0.63, 0.58, 0.68), by_estimate(0.88, 0.86, 0.90)
    found = standing(labels, estimate)
    assert (found.source, found.value, found.concept_drift) == ("labels", 0.63, True)
    assert "concept drift" in found.reason
    assert "rows that have labels are not like the rest" in found.reason
    judged = judge_concept(labels, estimate)
    assert (judged.verdict, judged.score, judged.threshold) == ("significant", 0.63, 0.88)


def test_on_the_same_rows_no_selection_can_explain_a_disagreement() -> None:
    labels, everywhere = by_labels(0.63, 0.58, 0.68), by_estimate(0.88, 0.86, 0.90)
    there = by_estimate(0.65, 0.60, 0.70)
    assert standing(labels, everywhere, there).concept_drift is False
    told = standing(labels, everywhere, by_estimate(0.88, 0.80, 0.90))
    assert told.concept_drift is True
    assert "not like the rest" not in told.reason


def test_a_loss_is_judged_by_whoever_counts() -> None:
    lost = judge_standing(standing(NO_LABELS, by_estimate(0.70, 0.66, 0.74)), 0.88, 0.05)
    assert lost.verdict == "significant"
    assert "by estimate" in lost.message
    assert "blind to concept drift" in lost.message
    fine = judge_standing(standing(by_labels(0.87, 0.84, 0.9), by_estimate(0.70, 0.66, 0.74)), 0.88, 0.05)
    assert fine.verdict == "fine"
    assert "by labels" in fine.message
    noise = judge_standing(standing(by_labels(0.80, 0.70, 0.9), by_estimate(0.8, 0.66, 0.94)), 0.88, 0.05)
    assert noise.verdict == "inconclusive"


def test_estimates_of_another_metric_are_refused() -> None:
    with pytest.raises(ValueError, match="accuracy, roc_auc"):
        standing(NO_LABELS, no_estimate("CBPE", "accuracy", 0, None, "no rows"))
