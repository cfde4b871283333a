"""A metric in each group of people, with what chance makes of it, and which groups are too small to say.

The rates are those of fairlearn.metrics; performance is by the metrics that everything else here uses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from lifecycle.metrics import GROUP_METRICS, METRICS, Kind, predicts_numbers
from monitoring.resampling import bootstrap
from monitoring.weighted_metrics import Outcomes, score

MINIMUM_GROUP = 50  # rows, and of a rate the rows that it is a share of
MINIMUM_CLASS = 10  # rows of either class, where the metric is about telling them apart
_RATES = GROUP_METRICS["classification"]
_MEANS = GROUP_METRICS["regression"]


@dataclass(frozen=True)
class GroupValue:
    """A metric in one group. value: None where the rows do not define it. error: its standard error by the bootstrap.

    judged: the group takes part in differences and ratios; where not, reason says why.
    """

    group: str
    rows: int
    value: float | None
    error: float | None
    judged: bool
    reason: str = ""

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """The normal interval of the value of this group alone."""
        if self.value is None or self.error is None:
            return None
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * self.error
        return self.value - reach, self.value + reach


def group_metrics_of(kind: Kind, classes: int) -> tuple[str, ...]:
    """The metrics that groups can be compared by. Rates are of two classes: of the second being predicted."""
    if predicts_numbers(kind):
        return (*METRICS[kind], *_MEANS)
    return (*METRICS[kind], *_RATES) if classes == 2 else METRICS[kind]


def group_score(metric: str, outcomes: Outcomes, weights: np.ndarray) -> np.ndarray:
    """The metric under each weighting of the rows, NaN where undefined, shape (resamples,)."""
    if metric not in (*_RATES, *_MEANS):
        return score(metric, outcomes, weights)
    counted, of = _share(metric, outcomes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((weights @ (counted * of)) / (weights @ of))


def part_of(outcomes: Outcomes, rows: np.ndarray) -> Outcomes:
    """Some of the rows, by a mask or by place."""
    probability = None if outcomes.probability is None else outcomes.probability[rows]
    quantiles = None if outcomes.quantiles is None else outcomes.quantiles[rows]
    part = Outcomes(outcomes.label[rows], outcomes.prediction[rows], probability, outcomes.classes)
    return replace(part, quantiles=quantiles, terms=outcomes.terms)


def group_value(metric: str, group: str, outcomes: Outcomes, *, minimum: int, resamples: int, seed: int) -> GroupValue:
    """The metric in a group, of which these are the rows."""
    reason = _doubt(metric, outcomes, minimum)
    if reason:
        return GroupValue(group, outcomes.rows, None, None, False, reason)
    value = float(group_score(metric, outcomes, np.ones((1, outcomes.rows)))[0])
    drawn = bootstrap(lambda weights: group_score(metric, outcomes, weights), outcomes.rows, resamples, seed)
    defined = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or len(defined) * 2 < len(drawn):
        return GroupValue(group, outcomes.rows, None, None, False, f"{metric} is undefined on its rows")
    error = max(float(defined.std()), _least_error(metric, value, outcomes))
    return GroupValue(group, outcomes.rows, value, error, True)


def unjudged(values: Sequence[GroupValue]) -> str:
    """The groups that are too small, in words; nothing where there is none."""
    return "; ".join(f"{value.group} is not judged: {value.reason}" for value in values if not value.judged)


def _share(metric: str, outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """What is counted, and of which rows, both shape (rows,)."""
    if metric == "mean_prediction":
        return outcomes.prediction.astype(float), np.ones(outcomes.rows)
    of = {"selection_rate": np.ones(outcomes.rows, dtype=bool), "true_positive_rate": outcomes.label == 1}
    return (outcomes.prediction == 1).astype(float), of.get(metric, outcomes.label == 0).astype(float)


def _doubt(metric: str, outcomes: Outcomes, minimum: int) -> str:
    if outcomes.rows < minimum:
        return f"{outcomes.rows} rows are fewer than {minimum}"
    if metric in _RATES:
        of = int(_share(metric, outcomes)[1].sum())
        return f"{of} rows that count for {metric} are fewer than {minimum}" if of < minimum else ""
    if metric in ("roc_auc", "f1"):
        rarest = int(np.bincount(outcomes.label, minlength=outcomes.classes).min())
        return f"its rarest class has {rarest} rows, fewer than {MINIMUM_CLASS}" if rarest < MINIMUM_CLASS else ""
    return ""


def _least_error(metric: str, value: float, outcomes: Outcomes) -> float:
    """Of a share that is 0 or 1 in the rows, every resample is alike, and yet nobody is sure of it: two successes and
    two failures are added (Agresti and Coull 1998)."""
    if metric in ("accuracy", *_RATES):
        rows = outcomes.rows if metric == "accuracy" else int(_share(metric, outcomes)[1].sum())
    elif metric in ("roc_auc", "f1") and value in (0.0, 1.0):
        rows = int(np.bincount(outcomes.label, minlength=outcomes.classes).min())
    else:
        return 0.0
    share = (value * rows + 2) / (rows + 4)
    return math.sqrt(share * (1 - share) / (rows + 4))
