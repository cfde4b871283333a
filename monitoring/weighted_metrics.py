"""Metrics over weighted rows, many weightings at once: the bootstrap is a matrix product instead of a loop.

Definitions are scikit-learn's (`sklearn.metrics`), whose values the tests hold these to. A weighting is a row of a
matrix of shape (resamples, rows); a metric that is undefined under it (one class only, no variance) is NaN there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lifecycle.forecast import ForecastTerms

Weights = np.ndarray
_TINY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Outcomes:
    """What came true and what was said, row by row.

    label, prediction: shape (rows,); for a classification codes 0..classes-1, otherwise values.
    probability: shape (rows, classes), for a classification where it is known.
    quantiles: shape (rows, levels of the terms), for a forecast where it gives them.
    """

    label: np.ndarray
    prediction: np.ndarray
    probability: np.ndarray | None
    classes: int
    quantiles: np.ndarray | None = None
    terms: ForecastTerms = field(default_factory=ForecastTerms)

    @property
    def rows(self) -> int:
        return len(self.label)


def score(metric: str, outcomes: Outcomes, weights: Weights) -> np.ndarray:
    """The metric under each weighting, shape (resamples,). KeyError for a metric that is not defined here."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _METRICS[metric](outcomes, weights)


def auc(positive: np.ndarray, ranked_by: np.ndarray, weights: Weights) -> np.ndarray:
    """Area under the ROC curve by weighted ranks (Mann-Whitney, ties count half), shape (resamples,)."""
    order = np.argsort(ranked_by, kind="stable")
    values, sorted_weights = ranked_by[order], weights[:, order]
    up = sorted_weights * positive[order]
    down = sorted_weights - up
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    if len(starts) < len(values):
        up, down = np.add.reduceat(up, starts, axis=1), np.add.reduceat(down, starts, axis=1)
    below = np.cumsum(down, axis=1) - 0.5 * down
    return np.einsum("ij,ij->i", up, below) / (up.sum(axis=1) * down.sum(axis=1))


def _roc_auc(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    """Of two classes the second against the first; of more, the mean of each against the rest."""
    probability = _probability(outcomes)
    if outcomes.classes == 2:
        return auc(outcomes.label == 1, probability[:, 1], weights)
    each = [auc(outcomes.label == code, probability[:, code], weights) for code in range(outcomes.classes)]
    return np.asarray(np.mean(each, axis=0))


def _accuracy(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    return _mean(outcomes.label == outcomes.prediction, weights)


def _f1(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    """Of two classes the second's; of more, the mean over those that occur. Zero where nothing was right."""
    occurring = np.union1d(outcomes.label, outcomes.prediction)
    each = []
    for code in [1] if outcomes.classes == 2 else occurring:
        true, said = outcomes.label == code, outcomes.prediction == code
        both, either = weights @ (true & said), weights @ true.astype(float) + weights @ said.astype(float)
        each.append(np.where(either > 0, 2 * both / either, 0.0))
    return np.asarray(np.mean(each, axis=0))


def _log_loss(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    probability = _probability(outcomes)
    said = probability[np.arange(outcomes.rows), outcomes.label]
    return _mean(-np.log(np.clip(said, _TINY, 1 - _TINY)), weights)


def _brier(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    """Mean squared distance to what came true; of two classes, the second's alone (Brier 1950, halved)."""
    distance = _probability(outcomes) - np.eye(outcomes.classes)[outcomes.label]
    squared = (distance**2).sum(axis=1)
    return _mean(squared / 2 if outcomes.classes == 2 else squared, weights)


def _r2(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    label = outcomes.label - outcomes.label.mean()  # the variance is the same, and loses no digits
    residual = weights @ (outcomes.label - outcomes.prediction) ** 2
    total = weights @ label**2 - (weights @ label) ** 2 / weights.sum(axis=1)
    return np.where(total > 0, 1 - residual / total, np.nan)


def _rmse(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    return np.asarray(np.sqrt(_mean((outcomes.label - outcomes.prediction) ** 2, weights)))


def _mae(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    return _mean(np.abs(outcomes.label - outcomes.prediction), weights)


def _mase(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    """MAE over that of the seasonal naive forecast on the training data (Hyndman and Koehler 2006): 1 is as good."""
    error = outcomes.terms.seasonal_error
    return _mae(outcomes, weights) / (error if error else np.nan)


def _pinball(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    """The quantile loss, max(q(y - f), (q - 1)(y - f)), mean over the levels (Koenker and Bassett 1978)."""
    over = outcomes.label[:, None] - _quantiles(outcomes)
    levels = np.asarray(outcomes.terms.levels)
    return _mean(np.maximum(levels * over, (levels - 1) * over).mean(axis=1), weights)


def _coverage(outcomes: Outcomes, weights: Weights) -> np.ndarray:
    """The share of labels within the outermost quantiles, both ends included."""
    quantiles = _quantiles(outcomes)
    return _mean((quantiles.min(axis=1) <= outcomes.label) & (outcomes.label <= quantiles.max(axis=1)), weights)


def _mean(values: np.ndarray, weights: Weights) -> np.ndarray:
    return np.asarray(weights @ values.astype(float) / weights.sum(axis=1))


def _probability(outcomes: Outcomes) -> np.ndarray:
    if outcomes.probability is None:
        raise ValueError("this metric needs probabilities, and the model gave none")
    return outcomes.probability


def _quantiles(outcomes: Outcomes) -> np.ndarray:
    if outcomes.quantiles is None:
        raise ValueError("this metric needs quantiles, and the model gave none")
    return outcomes.quantiles


_METRICS: dict[str, Callable[[Outcomes, Weights], np.ndarray]] = {
    "roc_auc": _roc_auc,
    "accuracy": _accuracy,
    "f1": _f1,
    "log_loss": _log_loss,
    "brier": _brier,
    "r2": _r2,
    "rmse": _rmse,
    "mae": _mae,
    "mase": _mase,
    "pinball": _pinball,
    "coverage": _coverage,
}
