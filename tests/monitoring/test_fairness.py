"""Groups that are served worse are told; small ones are named; and many groups do not make an alarm of chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate
from sklearn.metrics import roc_auc_score

from lifecycle.columns import Column
from monitoring.fair_release import compare_groups, judge_release
from monitoring.fairness import FairnessLimit, disparity, judge_disparity, judge_groups
from monitoring.groups import MISSING, Grouping, grouped, groupings
from monitoring.metrics import outcomes_for
from monitoring.weighted_metrics import Outcomes

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


def people(rows: int, seed: int, groups: int = 3, worse: float = 0.0) -> tuple[Outcomes, pd.Series]:
    """Predictions that are equally good in every group; of the first one, the share `worse` is answered by a coin."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, rows)
    label = rng.integers(0, 2, rows)
    probability = 1 / (1 + np.exp(-(2.0 * label - 1 + rng.normal(0, 1, rows))))
    coin = (group == 0) & (rng.random(rows) < worse)
    probability = np.where(coin, rng.random(rows), probability)
    outcomes = outcomes_for("classification", label, (probability > 0.5).astype(int), probability, [0, 1])
    return outcomes, pd.Series([f"g{number}" for number in group], name="origin")


def test_values_and_gaps_are_those_of_fairlearn_and_scikit_learn() -> None:
    outcomes, groups = people(2000, 0, worse=0.5)
    assert outcomes.probability is not None
    for metric, theirs in (("selection_rate", selection_rate), ("true_positive_rate", true_positive_rate)):
        frame = MetricFrame(
            metrics=theirs, y_true=outcomes.label, y_pred=outcomes.prediction, sensitive_features=groups
        )
        found = disparity("classification", metric, outcomes, groups)
        assert {value.group: value.value for value in found.groups} == pytest.approx(frame.by_group.to_dict())
        assert found.difference == pytest.approx(frame.difference())
        assert found.ratio == pytest.approx(frame.ratio())
        assert found.overall == pytest.approx(frame.overall)
    found = disparity("classification", "roc_auc", outcomes, groups)
    inside = groups.to_numpy() == "g0"
    expected = roc_auc_score(outcomes.label[inside], outcomes.probability[inside, 1])
    assert found.groups[0].value == pytest.approx(expected)
    assert found.between is not None
    assert found.between[0] == "g0"


def test_a_group_that_is_served_worse_is_told() -> None:
    outcomes, groups = people(3000, 1, worse=0.8)
    found = disparity("classification", "accuracy", outcomes, groups)
    both = judge_disparity(found, FairnessLimit(metric="accuracy", difference=0.05, ratio=0.9))
    assert [judgement.verdict for judgement in both] == ["significant", "significant"]
    assert "g0 and " in both[0].message
    assert found.difference_bounds is not None
    assert found.difference is not None
    assert found.difference_bounds[0] < found.difference < found.difference_bounds[1]


@pytest.mark.parametrize("groups", [2, 12])
def test_equal_groups_are_seldom_told_apart_however_many_there_are(groups: int) -> None:
    """No gap at all is allowed, at 95 %: of 60 windows at most 7 alarm (p < 0.02 were it 5 %)."""
    alarms = 0
    for seed in range(60):
        outcomes, named = people(1200, 100 + seed, groups=groups)
        found = disparity("classification", "accuracy", outcomes, named, confidence=0.95, resamples=100)
        alarms += judge_disparity(found, FairnessLimit(metric="accuracy", difference=0.0))[0].significant
    assert alarms <= 7


def test_small_groups_are_named_and_not_judged() -> None:
    outcomes, groups = people(1000, 2)
    groups.iloc[:30] = "few"
    found = disparity("classification", "accuracy", outcomes, groups)
    assert [value.group for value in found.groups if not value.judged] == ["few"]
    judgement = judge_disparity(found, FairnessLimit(metric="accuracy", difference=0.2))[0]
    assert judgement.verdict == "fine"
    assert "few is not judged: 30 rows are fewer than 50" in judgement.message
    alone = disparity("classification", "accuracy", outcomes, groups.where(groups == "few", "rest"))
    assert judge_disparity(alone, FairnessLimit(metric="accuracy", difference=0.2))[0].verdict == "inconclusive"


def test_a_rate_wants_rows_that_it_is_a_share_of() -> None:
    label = np.r_[np.zeros(190), np.ones(10), np.zeros(100), np.ones(100)].astype(int)
    outcomes = outcomes_for("classification", label, label, None, [0, 1])
    found = disparity("classification", "true_positive_rate", outcomes, pd.Series(["a"] * 200 + ["b"] * 200, name="s"))
    assert [value.judged for value in found.groups] == [False, True]
    assert "10 rows that count for true_positive_rate" in found.groups[0].reason


def test_a_share_of_one_or_zero_is_not_taken_for_certain() -> None:
    """60 of 60 were chosen here and none of 60 there: surely apart. 60 and 53 of 60: not so (Fisher: p = 0.013)."""
    names = pd.Series(["a"] * 60 + ["b"] * 60, name="s")

    def chosen(of_b: int):  # type: ignore[no-untyped-def]
        said = np.r_[np.ones(60), np.ones(of_b), np.zeros(60 - of_b)].astype(int)
        outcomes = outcomes_for("classification", np.tile([0, 1], 60), said, None, [0, 1])
        return disparity("classification", "selection_rate", outcomes, names)

    limit = FairnessLimit(metric="selection_rate", difference=0.0, ratio=1.0)
    assert [judgement.verdict for judgement in judge_disparity(chosen(53), limit)] == ["inconclusive"] * 2
    assert [judgement.verdict for judgement in judge_disparity(chosen(0), limit)] == ["significant"] * 2
    assert chosen(0).ratio == 0


def test_numbers_are_cut_by_the_quantiles_of_the_reference() -> None:
    reference = pd.DataFrame({"age": np.arange(1, 101), "sex": ["f", "m"] * 50})
    by = groupings(reference, [Column(name="age", type="integer"), Column(name="sex", type="category")])
    assert by[0].edges == (25, 50, 75)
    assert Grouping.model_validate_json(by[0].model_dump_json()) == by[0]
    window = pd.DataFrame({"age": [25, 26, 76, 1000, None], "sex": ["f", "x", None, "m", "m"]})
    found = grouped(window, by)
    assert found["age"].tolist() == ["up to 25", "over 25 to 50", "over 75", "over 75", MISSING]
    assert found["sex"].tolist() == ["f", "x", MISSING, "m", "m"]
    flag = groupings(pd.DataFrame({"n": [0, 0, 0, 1]}), [Column(name="n", type="integer")])[0]
    assert flag.of(pd.Series([0, 1])).tolist() == ["up to 0", "over 0"]


def test_every_column_and_limit_is_judged_with_a_correction_for_all() -> None:
    outcomes, groups = people(1500, 3)
    frame = pd.DataFrame({"origin": groups, "other": np.where(np.arange(1500) % 2, "a", "b")})
    limits = [FairnessLimit(metric="accuracy", difference=0.1), FairnessLimit(metric="selection_rate", ratio=0.8)]
    found, judged = judge_groups("classification", outcomes, frame, limits)
    assert [(one.column, one.metric) for one in found] == [
        ("origin", "accuracy"),
        ("origin", "selection_rate"),
        ("other", "accuracy"),
        ("other", "selection_rate"),
    ]
    assert len(judged) == 4
    alone = disparity("classification", "accuracy", outcomes, groups)
    assert found[0].difference_bounds is not None
    assert alone.difference_bounds is not None
    assert found[0].difference_bounds[1] > alone.difference_bounds[1]


def test_regressions_are_compared_by_error_and_by_mean_prediction() -> None:
    rng = np.random.default_rng(0)
    label = rng.normal(10, 1, 800)
    groups = pd.Series(np.where(np.arange(800) < 400, "a", "b"), name="s")
    said = label + rng.normal(0, 1, 800) * np.where(groups == "a", 0.2, 2.0)
    outcomes = outcomes_for("regression", label, said)
    assert judge_disparity(
        disparity("regression", "mae", outcomes, groups), FairnessLimit(metric="mae", difference=0.5)
    )[0].significant
    mean = disparity("regression", "mean_prediction", outcomes, groups)
    assert mean.ratio == pytest.approx(1, abs=0.05)
    with pytest.raises(KeyError, match="selection_rate"):
        disparity("regression", "selection_rate", outcomes, groups)


def test_a_challenger_that_wins_overall_and_harms_a_group_is_held() -> None:
    rng = np.random.default_rng(0)
    group = np.where(np.arange(2000) < 300, "few", "many")
    label = rng.integers(0, 2, 2000)
    right = {"champion": {"few": 0.85, "many": 0.75}, "challenger": {"few": 0.65, "many": 0.90}}

    def said(who: str) -> Outcomes:
        hit = rng.random(2000) < pd.Series(group).map(right[who]).to_numpy()
        return outcomes_for("classification", label, np.where(hit, label, 1 - label), None, [0, 1])

    champion, challenger = said("champion"), said("challenger")
    changes = compare_groups("classification", "accuracy", champion, challenger, pd.Series(group, name="origin"))
    verdict = judge_release("origin", "accuracy", changes, tolerance=0.02)
    assert verdict.verdict == "significant"
    assert verdict.message.startswith("few would surely lose")
    assert judge_release("origin", "accuracy", changes, tolerance=0.9).verdict == "fine"
    same = compare_groups("classification", "accuracy", champion, champion, pd.Series(group, name="origin"))
    assert judge_release("origin", "accuracy", same).verdict == "fine"


def test_a_release_names_the_groups_that_it_cannot_judge() -> None:
    outcomes, groups = people(500, 4)
    groups.iloc[:20] = "few"
    changes = compare_groups("classification", "roc_auc", outcomes, outcomes, groups)
    assert "few is not judged" in judge_release("origin", "roc_auc", changes).message
    tiny = compare_groups("classification", "roc_auc", outcomes, outcomes, groups, minimum=10_000)
    assert judge_release("origin", "roc_auc", tiny).verdict == "inconclusive"
    with pytest.raises(ValueError, match="same rows"):
        compare_groups("classification", "roc_auc", outcomes, people(500, 5)[0], groups)
