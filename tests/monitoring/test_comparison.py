"""A challenger wins by more than chance, or not at all."""

from __future__ import annotations

import time

import numpy as np
import pytest

from monitoring.comparison import compare
from monitoring.resampling import bootstrap, bootstrap_weights, interval

# Sockets that other tests left to the garbage collector may be found while one of these runs.
pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


def _binary(rows: int, seed: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, a good score, and the same blurred."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, rows)
    good = 1 / (1 + np.exp(-(2 * label - 1 + rng.normal(0, 1, rows))))
    blurred = 1 / (1 + np.exp(-(np.log(good / (1 - good)) + rng.normal(0, noise, rows))))
    return label, good, blurred


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "f1", "log_loss", "brier"])
def test_the_better_model_wins_and_the_worse_loses(metric: str) -> None:
    label, good, blurred = _binary(1500, 0, noise=2.0)
    assert compare("classification", metric, label, blurred, good, seed=1).verdict == "better"
    worse = compare("classification", metric, label, good, blurred, seed=1)
    assert worse.verdict == "worse"
    assert worse.difference is not None
    assert worse.difference < 0, "above 0 is better, whatever the metric's direction"


@pytest.mark.parametrize("metric", ["r2", "rmse", "mae"])
def test_regressions_are_compared_by_their_predictions(metric: str) -> None:
    rng = np.random.default_rng(0)
    label = rng.normal(size=400)
    close, far = label + rng.normal(0, 0.3, 400), label + rng.normal(0, 0.6, 400)
    found = compare("regression", metric, label, far, close, seed=0)
    assert found.verdict == "better"
    assert found.challenger_wins


def test_the_same_model_twice_is_a_tie() -> None:
    label, good, _ = _binary(500, 0, noise=1)
    found = compare("classification", "roc_auc", label, good, good, seed=0)
    assert (found.verdict, found.difference, found.low, found.high) == ("tie", 0, 0, 0)
    assert not found.challenger_wins


def test_many_classes_are_compared_by_their_probabilities() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 600)
    good = rng.dirichlet([1, 1, 1], 600) + np.eye(3)[label]
    good /= good.sum(axis=1, keepdims=True)
    found = compare("classification", "roc_auc", label, rng.dirichlet([1, 1, 1], 600), good, seed=0)
    assert found.verdict == "better"


@pytest.mark.parametrize(("rows", "positive"), [(49, 20), (200, 0), (200, 200), (0, 0)])
def test_few_rows_or_one_class_are_inconclusive(rows: int, positive: int) -> None:
    label = np.zeros(rows, dtype=int)
    label[:positive] = 1
    scores = np.linspace(0, 1, rows)
    found = compare("classification", "roc_auc", label, scores, 1 - scores, seed=0)
    assert found.verdict == "inconclusive"
    assert found.rows == rows
    assert found.reason


def test_equal_models_win_rarely() -> None:
    """By construction in 2.5 % of comparisons: 200 of them stay within what that makes likely (p < 0.001)."""
    wins = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        label, good, _ = _binary(300, seed, noise=1)
        first, second = (np.clip(good + rng.normal(0, 0.1, 300), 0, 1) for _ in range(2))
        wins += compare("classification", "roc_auc", label, first, second, seed=seed, resamples=200).challenger_wins
    assert wins <= 14


def test_a_thousand_resamples_of_two_thousand_rows_are_fast() -> None:
    label, good, blurred = _binary(2000, 0, noise=1)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        compare("classification", "roc_auc", label, good, blurred, seed=0)
        took.append(time.perf_counter() - start)
    assert min(took) < 1.5


def test_the_same_seed_finds_the_same() -> None:
    label, good, blurred = _binary(300, 0, noise=1)
    assert compare("classification", "f1", label, good, blurred, seed=3) == compare(
        "classification", "f1", label, good, blurred, seed=3
    )


def test_an_unknown_metric_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="gini"):
        compare("classification", "gini", [0, 1], [0.1, 0.2], [0.1, 0.2], seed=0)
    with pytest.raises(KeyError, match="no metric of a regression; there are rmse, mae, r2"):
        compare("regression", "roc_auc", [0, 1], [0.1, 0.2], [0.1, 0.2], seed=0)


def test_resamples_draw_as_many_rows_as_there_are() -> None:
    chunks = list(bootstrap_weights(3_000_000, 3, seed=0))
    assert [chunk.shape for chunk in chunks] == [(1, 3_000_000)] * 3, "large data comes in chunks"
    assert all(chunk.sum() == 3_000_000 for chunk in chunks)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(0, 1, 2000)
    found = interval(bootstrap(lambda weights: weights @ values / 2000, 2000, 4000, seed=0), 0.95)
    expected = values.mean() + np.array([-1.96, 1.96]) * values.std() / np.sqrt(2000)
    assert found == pytest.approx(tuple(expected), abs=0.003)


def test_a_statistic_that_is_mostly_undefined_has_no_interval() -> None:
    assert interval(np.array([np.nan, np.nan, 1.0]), 0.95) is None
