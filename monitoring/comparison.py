"""Is the challenger better than the champion by more than chance? A paired bootstrap over the rows both scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lifecycle.forecast import ForecastTerms
from lifecycle.metrics import Kind, predicts_numbers
from monitoring.metrics import HIGHER_IS_BETTER, outcomes_for, require_metric
from monitoring.resampling import bootstrap, interval
from monitoring.weighted_metrics import Outcomes, score

MINIMUM_ROWS = 50
Verdict = Literal["better", "worse", "tie", "inconclusive"]


@dataclass(frozen=True)
class Comparison:
    """How champion and challenger compare on the same rows.

    `difference` is turned so that above 0 the challenger is better, whatever the metric; `low` and `high` bound
    it. A tie keeps the champion. None where the rows define no value.
    """

    metric: str
    champion: float | None
    challenger: float | None
    difference: float | None
    low: float | None
    high: float | None
    rows: int
    verdict: Verdict
    reason: str

    @property
    def challenger_wins(self) -> bool:
        return self.verdict == "better"


def compare(
    kind: Kind,
    metric: str,
    label: Any,
    champion_score: Any,
    challenger_score: Any,
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int,
    classes: Sequence[Any] | None = None,
    terms: ForecastTerms | None = None,
) -> Comparison:
    """Compare two models on the rows of `label`, shape (rows,).

    The scores: for a regression the prediction, shape (rows,); for a forecast that or its quantiles, shape (rows,
    levels of the terms); for a classification the probability of the second
    class, shape (rows,), or of every class, shape (rows, classes) in the order of `classes` (none given: those of
    the labels, in their order). Every resample draws rows, and both models are judged on the same draw.
    ValueError where shapes do not fit or scores are not finite; KeyError for an unknown metric.
    """
    require_metric(kind, metric)
    sign = 1.0 if HIGHER_IS_BETTER[metric] else -1.0
    champion = _outcomes(kind, label, champion_score, classes, terms)
    challenger = _outcomes(kind, label, challenger_score, classes, terms)
    doubt = _doubt(kind, champion)
    found = (None, None) if doubt else (_value(metric, champion), _value(metric, challenger))
    if found[0] is None or found[1] is None:
        return _inconclusive(metric, found, champion.rows, doubt or f"{metric} is undefined on these rows")

    def difference(weights: np.ndarray) -> np.ndarray:
        return sign * (score(metric, challenger, weights) - score(metric, champion, weights))

    bounds = interval(bootstrap(difference, champion.rows, resamples, seed), confidence)
    observed = float(difference(np.ones((1, champion.rows)))[0])
    if bounds is None:
        return _inconclusive(metric, found, champion.rows, f"{metric} is undefined on most resamples")
    verdict: Verdict = "better" if bounds[0] > 0 else "worse" if bounds[1] < 0 else "tie"
    reason = f"{metric} of challenger {found[1]:.4g} against champion {found[0]:.4g} on {champion.rows} rows"
    reason += f": better by {observed:+.4g}, {confidence:.0%} interval {bounds[0]:+.4g} to {bounds[1]:+.4g}"
    return Comparison(metric, *found, observed, *bounds, champion.rows, verdict, reason)


def _inconclusive(metric: str, found: tuple[float | None, float | None], rows: int, reason: str) -> Comparison:
    return Comparison(metric, *found, None, None, None, rows, "inconclusive", reason)


def _outcomes(
    kind: Kind, label: Any, scores: Any, classes: Sequence[Any] | None, terms: ForecastTerms | None
) -> Outcomes:
    if predicts_numbers(kind):
        return outcomes_for(kind, label, scores, terms=terms)
    return outcomes_for(kind, label, None, scores, classes)


def _value(metric: str, outcomes: Outcomes) -> float | None:
    value = float(score(metric, outcomes, np.ones((1, outcomes.rows)))[0])
    return value if np.isfinite(value) else None


def _doubt(kind: Kind, outcomes: Outcomes) -> str:
    """Why these rows cannot tell, or nothing."""
    if outcomes.rows < MINIMUM_ROWS:
        return f"{outcomes.rows} rows are fewer than the {MINIMUM_ROWS} that a comparison needs"
    if kind == "classification" and len(np.unique(outcomes.label)) < 2:
        return f"all {outcomes.rows} labels are of one class"
    return ""
