"""The metrics of a model with what chance makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lifecycle.metrics import Kind
from monitoring.metrics import defined_metrics
from monitoring.resampling import bootstrap, interval
from monitoring.weighted_metrics import Outcomes, score

RESAMPLES = 300


@dataclass(frozen=True)
class MetricValue:
    """low, high: the 95 % percentile interval of the bootstrap; None where most resamples do not define the metric."""

    metric: str
    value: float
    low: float | None
    high: float | None


def metric_intervals(kind: Kind, outcomes: Outcomes, seed: int) -> list[MetricValue]:
    """Every metric of the kind that the rows define."""
    found = []
    for metric in defined_metrics(kind, outcomes):
        value = float(score(metric, outcomes, np.ones((1, outcomes.rows)))[0])
        if np.isfinite(value):
            drawn = bootstrap(partial(score, metric, outcomes), outcomes.rows, RESAMPLES, seed)
            found.append(MetricValue(metric, value, *(interval(drawn, 0.95) or (None, None))))
    return found
