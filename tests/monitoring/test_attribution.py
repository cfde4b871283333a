"""What the model looks at: told where it became another column, silent where columns that matter alike trade places."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ndcg_score

from monitoring.attribution import (
    AttributionReference,
    attribution_reference,
    ndcg,
    score_attribution,
    spearman,
)
from monitoring.errors import SchemaMismatch
from monitoring.importance import block_importances, permutation_importance

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

NAMES = ["strong", "alike", "twin", "weak", "unused"]


def frame(rows: int, seed: int, scale: dict[str, float] | None = None) -> pd.DataFrame:
    """Independent columns; scale: of which the spread is another one."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.normal(0, (scale or {}).get(name, 1.0), rows) for name in NAMES})


class Model:
    """Linear; counts what it is asked."""

    def __init__(self) -> None:
        self.rows = self.calls = 0

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        self.rows, self.calls = self.rows + len(rows), self.calls + 1
        return np.asarray(3 * rows["strong"] + rows["alike"] + rows["twin"] + 0.2 * rows["weak"])


@pytest.fixture(scope="module")
def reference() -> AttributionReference:
    return attribution_reference(Model(), frame(5000, 0), NAMES)


def test_importance_is_how_far_answers_move() -> None:
    """Of a linear model on normal columns: the coefficient times the mean of |x - x'|, which is 2 / sqrt(pi)."""
    found = permutation_importance(Model(), frame(4000, 1), NAMES, np.random.default_rng(0), repeats=2)
    assert found == pytest.approx(np.array([3, 1, 1, 0.2, 0]) * 2 / np.sqrt(np.pi), rel=0.05)


def test_many_windows_are_asked_at_once_and_each_is_shuffled_in_itself() -> None:
    rows = frame(600, 2)
    rows.loc[:299, "strong"] = 7.0  # constant in the first window: there is nothing to shuffle
    model = Model()
    found = block_importances(model, rows, NAMES, [np.arange(300), np.arange(300, 600)], np.random.default_rng(0))
    assert found[0, 0] == 0
    assert found[1, 0] > 2
    assert (model.calls, model.rows) == (6, 3600)


def test_windows_without_drift_are_silent_though_two_columns_matter_alike(reference: AttributionReference) -> None:
    alarms = sum(
        score_attribution(reference, Model(), frame(rows, 100 + seed), seed=seed).drifted
        for rows in (300, 1000)
        for seed in range(100)
    )
    assert alarms <= 4


@pytest.mark.parametrize("rows", [300, 1000, 5000])
def test_a_window_in_which_another_column_decides_is_told(reference: AttributionReference, rows: int) -> None:
    found = score_attribution(reference, Model(), frame(rows, 7, {"strong": 0.1, "weak": 10.0}))
    assert found.drifted
    assert found.ndcg is not None
    assert found.threshold is not None
    assert found.ndcg < found.threshold
    assert {name for name, _, _ in found.moved[:2]} == {"strong", "weak"}
    assert found.judgement.verdict == "significant"


def test_a_window_costs_a_bounded_number_of_answers(reference: AttributionReference) -> None:
    model = Model()
    score_attribution(reference, model, frame(20_000, 3))
    assert model.rows <= 2000 * (len(NAMES) + 1)
    model = Model()
    attribution_reference(model, frame(20_000, 3), NAMES)
    assert model.rows <= 30 * 4000 * (len(NAMES) + 1)


def test_agreement_is_that_of_azures_monitor() -> None:
    then, now = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.4, 0.4, 0.3])
    assert ndcg(then, now) == pytest.approx(ndcg_score([then], [now]))
    # By hand: gains in the window's order 0.25 and 0.25 (tied), 0, 0.5, over 0.5, 0.3, 0.2.
    discount = 1 / np.log2(np.arange(2, 6))
    by_hand = (np.array([0.25, 0.25, 0, 0.5]) @ discount) / (np.array([0.5, 0.3, 0.2, 0]) @ discount)
    assert ndcg(then, now) == pytest.approx(by_hand)
    assert spearman(then, then) == pytest.approx(1)
    assert ndcg(np.zeros(3), np.ones(3)) is None
    assert spearman(np.ones(3), then[:3]) is None


def test_the_same_seed_finds_the_same_and_the_reference_is_json(reference: AttributionReference) -> None:
    restored = AttributionReference.model_validate_json(reference.model_dump_json())
    assert restored == reference
    window = frame(500, 4)
    assert score_attribution(restored, Model(), window, seed=3) == score_attribution(reference, Model(), window, seed=3)


def test_few_rows_a_constant_model_and_a_missing_column(reference: AttributionReference) -> None:
    assert score_attribution(reference, Model(), frame(299, 0)).judgement.verdict == "inconclusive"
    constant = attribution_reference(lambda rows: np.zeros(len(rows)), frame(2000, 0), NAMES)
    found = score_attribution(constant, Model(), frame(1000, 0))
    assert not found.conclusive
    assert "fewer than two columns matter" in found.reason
    with pytest.raises(SchemaMismatch, match="weak"):
        score_attribution(reference, Model(), frame(1000, 0).drop(columns="weak"))


def test_models_of_many_classes_are_asked_for_all_their_probabilities() -> None:
    def probabilities(rows: pd.DataFrame) -> np.ndarray:
        raw = np.exp(np.column_stack([rows["strong"], rows["alike"], np.zeros(len(rows))]))
        return raw / raw.sum(axis=1, keepdims=True)

    found = permutation_importance(probabilities, frame(1000, 0), NAMES, np.random.default_rng(0))
    assert found[0] > 0.1
    assert found[2] == 0
