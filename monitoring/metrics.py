"""How good predictions were, in the field's standard metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lifecycle.metrics import LOWER_IS_BETTER, METRICS, Kind
from monitoring.outcomes import classification_outcomes, regression_outcomes
from monitoring.weighted_metrics import Outcomes, score

HIGHER_IS_BETTER: dict[str, bool] = {
    metric: metric not in LOWER_IS_BETTER for metrics in METRICS.values() for metric in metrics
}
PRIMARY: dict[str, str] = {"classification": "roc_auc", "regression": "rmse"}
PROBABILISTIC = frozenset({"roc_auc", "log_loss", "brier"})


def metrics_for(
    kind: Kind, label: Any, prediction: Any, probability: Any = None, classes: Sequence[Any] | None = None
) -> dict[str, float]:
    """Every metric of the kind that the data defines, by name.

    label, prediction: shape (rows,). probability: shape (rows,) of the second class, or (rows, classes).
    What is undefined is absent, never NaN: roc_auc where only one class occurs, r2 without variance, the
    probabilistic metrics without probabilities, everything without rows. ValueError for shapes that do not fit.
    """
    outcomes = outcomes_for(kind, label, prediction, probability, classes)
    if outcomes.rows == 0:
        return {}
    once = np.ones((1, outcomes.rows))
    values = {metric: float(score(metric, outcomes, once)[0]) for metric in defined_metrics(kind, outcomes)}
    return {metric: value for metric, value in values.items() if np.isfinite(value)}


def outcomes_for(
    kind: Kind, label: Any, prediction: Any, probability: Any = None, classes: Sequence[Any] | None = None
) -> Outcomes:
    """The rows that metrics of the kind are computed on."""
    if kind == "regression":
        return regression_outcomes(label, prediction)
    return classification_outcomes(label, prediction, probability, classes)


def defined_metrics(kind: Kind, outcomes: Outcomes) -> list[str]:
    """The metrics that can be computed with what is known."""
    return [metric for metric in METRICS[kind] if outcomes.probability is not None or metric not in PROBABILISTIC]


def require_metric(kind: Kind, metric: str) -> None:
    """KeyError, in words, for what is no metric of the kind."""
    if metric not in METRICS[kind]:
        raise KeyError(f"{metric!r} is no metric of a {kind}; there are {', '.join(METRICS[kind])}")
