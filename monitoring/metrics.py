"""How good predictions were, in the field's standard metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lifecycle.forecast import ForecastTerms
from lifecycle.metrics import LOWER_IS_BETTER, METRICS, Kind
from monitoring.outcomes import classification_outcomes, forecast_outcomes, regression_outcomes
from monitoring.weighted_metrics import Outcomes, score

HIGHER_IS_BETTER: dict[str, bool] = {
    metric: metric not in LOWER_IS_BETTER for metrics in METRICS.values() for metric in metrics
}
PRIMARY: dict[str, str] = {"classification": "roc_auc", "regression": "rmse", "forecasting": "mase"}
PROBABILISTIC = frozenset({"roc_auc", "log_loss", "brier"})
OF_QUANTILES = frozenset({"pinball", "coverage"})


def metrics_for(
    kind: Kind,
    label: Any,
    prediction: Any,
    probability: Any = None,
    classes: Sequence[Any] | None = None,
    terms: ForecastTerms | None = None,
) -> dict[str, float]:
    """Every metric of the kind that the data defines, by name.

    label, prediction: shape (rows,); a forecast may be its quantiles, shape (rows, levels of the terms).
    probability: shape (rows,) of the second class, or (rows, classes).
    What is undefined is absent, never NaN: roc_auc where only one class occurs, r2 without variance, mase without a
    seasonal error, the metrics of probabilities or quantiles without such, everything without rows. ValueError for
    shapes that do not fit.
    """
    outcomes = outcomes_for(kind, label, prediction, probability, classes, terms)
    if outcomes.rows == 0:
        return {}
    once = np.ones((1, outcomes.rows))
    values = {metric: float(score(metric, outcomes, once)[0]) for metric in defined_metrics(kind, outcomes)}
    return {metric: value for metric, value in values.items() if np.isfinite(value)}


def outcomes_for(
    kind: Kind,
    label: Any,
    prediction: Any,
    probability: Any = None,
    classes: Sequence[Any] | None = None,
    terms: ForecastTerms | None = None,
) -> Outcomes:
    """The rows that metrics of the kind are computed on."""
    if kind == "forecasting":
        return forecast_outcomes(label, prediction, terms or ForecastTerms())
    if kind == "regression":
        return regression_outcomes(label, prediction)
    return classification_outcomes(label, prediction, probability, classes)


def defined_metrics(kind: Kind, outcomes: Outcomes) -> list[str]:
    """The metrics that can be computed with what is known."""
    without = PROBABILISTIC if outcomes.probability is None else frozenset[str]()
    without |= OF_QUANTILES if outcomes.quantiles is None else frozenset[str]()
    return [metric for metric in METRICS[kind] if metric not in without]


def require_metric(kind: Kind, metric: str) -> None:
    """KeyError, in words, for what is no metric of the kind."""
    if metric not in METRICS[kind]:
        raise KeyError(f"{metric!r} is no metric of a {kind}; there are {', '.join(METRICS[kind])}")
