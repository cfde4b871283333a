"""The metrics are scikit-learn's, and undefined is absent."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk

from monitoring.metrics import HIGHER_IS_BETTER, PRIMARY, metrics_for
from monitoring.weighted_metrics import Outcomes, auc, score

# Sockets that other tests left to the garbage collector may be found while one of these runs.
pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def binary(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Label, prediction and probability of 700 rows, with many ties."""
    label = rng.integers(0, 2, 700)
    probability = (0.3 * label + 0.7 * rng.random(700)).round(2)
    return label, (probability > 0.5).astype(int), probability


def test_binary_metrics_are_those_of_scikit_learn(binary: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    label, prediction, probability = binary
    assert metrics_for("classification", label, prediction, probability, [0, 1]) == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(label, probability),
            "accuracy": sk.accuracy_score(label, prediction),
            "f1": sk.f1_score(label, prediction),
            "log_loss": sk.log_loss(label, probability),
            "brier": sk.brier_score_loss(label, probability),
        }
    )


def test_metrics_of_many_classes_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    label = rng.choice(["cat", "dog", "eel"], 400)
    probability = rng.dirichlet([1, 1, 1], 400)
    prediction = np.array(["cat", "dog", "eel"])[probability.argmax(axis=1)]
    assert metrics_for("classification", label, prediction, probability) == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(label, probability, multi_class="ovr"),
            "accuracy": sk.accuracy_score(label, prediction),
            "f1": sk.f1_score(label, prediction, average="macro"),
            "log_loss": sk.log_loss(label, probability),
            "brier": sk.brier_score_loss(label, probability),
        }
    )


def test_regression_metrics_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    label = rng.normal(1e6, 1, 300)
    prediction = label + rng.normal(0, 0.3, 300)
    assert metrics_for("regression", label, prediction) == pytest.approx(
        {
            "r2": sk.r2_score(label, prediction),
            "rmse": sk.root_mean_squared_error(label, prediction),
            "mae": sk.mean_absolute_error(label, prediction),
        }
    )


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "f1", "log_loss", "brier"])
def test_weights_mean_what_repeated_rows_mean(
    metric: str, binary: tuple[np.ndarray, np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    label, prediction, probability = binary
    weights = rng.integers(0, 4, (3, len(label)))
    matrix = np.column_stack([1 - probability, probability])
    found = score(metric, Outcomes(label, prediction, matrix, 2), weights.astype(float))
    for value, repeats in zip(found, weights, strict=True):
        rows = np.repeat(np.arange(len(label)), repeats)
        repeated = Outcomes(label[rows], prediction[rows], matrix[rows], 2)
        assert value == pytest.approx(score(metric, repeated, np.ones((1, len(rows))))[0])


def test_one_class_has_no_roc_auc_and_no_warning() -> None:
    found = metrics_for("classification", np.ones(60), np.ones(60), np.full(60, 0.9), [0, 1])
    assert set(found) == {"accuracy", "f1", "log_loss", "brier"}
    assert found["accuracy"] == 1.0


def test_one_class_of_unknown_others_has_no_probabilistic_metric() -> None:
    assert set(metrics_for("classification", ["yes"] * 9, ["yes"] * 9, np.full(9, 0.9))) == {"accuracy", "f1"}


def test_a_constant_label_has_no_r2() -> None:
    assert set(metrics_for("regression", np.ones(9), np.arange(9.0))) == {"rmse", "mae"}


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_no_rows_no_metrics(kind: str) -> None:
    assert metrics_for(kind, np.array([]), np.array([])) == {}  # type: ignore[arg-type]


def test_labels_from_csv_json_and_numpy_are_the_same_classes() -> None:
    assert metrics_for("classification", ["1", "0", "1"], np.array([1.0, 0.0, 0.0]), None, [0, 1])[
        "accuracy"
    ] == pytest.approx(2 / 3)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match=r"label holds \['maybe'\], which are none of the classes \['no', 'yes'\]"):
        metrics_for("classification", ["maybe", "no"], ["no", "yes"], None, ["no", "yes"])
    with pytest.raises(ValueError, match="probability holds values outside"):
        metrics_for("classification", [0, 1], [0, 1], [0.1, np.nan])
    with pytest.raises(ValueError, match="prediction holds 1 values that are no finite numbers"):
        metrics_for("regression", [1.0, 2.0], [1.0, np.inf])
    with pytest.raises(ValueError, match="of different length: label 2, prediction 1"):
        metrics_for("regression", [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="label is missing in 1 rows"):
        metrics_for("classification", [None, 1], [0, 1])


def test_auc_is_a_rank_statistic() -> None:
    label = np.array([0, 1, 1, 0])
    assert auc(label, np.array([0.1, 0.9, 0.5, 0.5]), np.ones((1, 4)))[0] == 3.5 / 4


def test_every_metric_has_a_direction() -> None:
    lower = [metric for metric, higher in HIGHER_IS_BETTER.items() if not higher]
    assert lower == ["log_loss", "brier", "rmse", "mae", "mase", "pinball"]
    assert all(metric in HIGHER_IS_BETTER for metric in PRIMARY.values())
