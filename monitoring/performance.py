"""What the model achieved in production, by the labels that have arrived."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from lifecycle.forecast import ForecastTerms
from lifecycle.metrics import Kind, predicts_numbers
from monitoring.coercion import to_categories, to_numbers
from monitoring.errors import require_columns
from monitoring.metrics import HIGHER_IS_BETTER, OF_QUANTILES, PRIMARY, PROBABILISTIC, outcomes_for, require_metric
from monitoring.outcomes import class_order
from monitoring.resampling import bootstrap, interval
from monitoring.weighted_metrics import Outcomes, score

MINIMUM_ROWS = 50
KEY = "correlation_id"


@dataclass(frozen=True)
class Joined:
    """Predictions with the label that was observed of each, and the share of predictions that have one (0..1)."""

    frame: pd.DataFrame
    labelled_share: float
    predictions: int


@dataclass(frozen=True)
class Realised:
    """A metric over labelled predictions, with the interval in which it would fall again on other such rows.

    value, low, high: None where the rows do not define the metric. conclusive: there are enough rows to judge by.
    rows: labelled predictions that counted; unusable: those left out, since label or prediction is no value (for a
    classification: none of the classes).
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    rows: int
    labelled_share: float
    conclusive: bool
    reason: str = ""
    unusable: int = 0


class Measured(Protocol):
    """A metric with its interval, by labels or by an estimate."""

    @property
    def metric(self) -> str: ...
    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def conclusive(self) -> bool: ...


def join_labels(predictions: pd.DataFrame, labels: pd.DataFrame) -> Joined:
    """The predictions that have a label, with `label` and `observed_at`, in the order they were made.

    predictions: with `correlation_id`; an id that was logged twice counts once, as first logged.
    labels: `correlation_id`, `label`, `observed_at`; what was observed last of an id counts, a missing label
    never does. SchemaMismatch where a column is missing.
    """
    require_columns([KEY], list(predictions.columns), expected=list(predictions.columns))
    require_columns([KEY, "label", "observed_at"], list(labels.columns), expected=list(labels.columns))
    made = predictions.dropna(subset=[KEY]).drop_duplicates(KEY, keep="first")
    made = made.drop(columns=["label", "observed_at"], errors="ignore")
    made = made.assign(**{KEY: made[KEY].astype(str)})
    seen = labels[[KEY, "label", "observed_at"]].dropna(subset=[KEY, "label"])
    # Labels come from many writers: text and timestamps, with and without an offset. UTC is meant where none stands.
    when = pd.to_datetime(seen["observed_at"], utc=True, format="mixed", errors="coerce")
    seen = seen.assign(observed_at=when, **{KEY: seen[KEY].astype(str)})
    last = seen.sort_values("observed_at", kind="stable", na_position="first").drop_duplicates(KEY, keep="last")
    frame = made.merge(last, on=KEY, how="inner", validate="one_to_one")
    return Joined(frame, len(frame) / len(made) if len(made) else 0.0, len(made))


def realised(
    kind: Kind,
    joined: Joined,
    metric: str | None = None,
    *,
    classes: Sequence[Any] | None = None,
    terms: ForecastTerms | None = None,
    minimum_rows: int = MINIMUM_ROWS,
    resamples: int = 1000,
    confidence: float = 0.99,
    seed: int = 0,
) -> Realised:
    """The metric (none given: the kind's primary one) over the joined rows, with a percentile bootstrap interval.

    The frame holds `label` and `prediction`, and for a classification `probability` of the second class where
    there are two, or `probabilities` (a mapping of class to probability) where there are more; for a forecast
    `quantiles` (a mapping of level to value) where it gave them, of the levels of the terms. classes: the
    model's; where none are given, those of the probabilities, else of the predictions. KeyError for an unknown metric.
    """
    metric = metric or PRIMARY[kind]
    require_metric(kind, metric)
    classes = classes if predicts_numbers(kind) or classes is not None else _classes(joined.frame)
    frame = joined.frame[_told(kind, joined.frame, classes)]
    unusable = len(joined.frame) - len(frame)
    if len(frame) < minimum_rows:
        value, bounds, reason = None, None, f"{len(frame)} labelled predictions are fewer than {minimum_rows}"
    else:
        value, bounds, reason = _measure(metric, _outcomes(kind, frame, classes, terms), resamples, confidence, seed)
    if unusable:
        reason = f"{reason}; {unusable} labels are no value or none of the classes".removeprefix("; ")
    low, high = bounds or (None, None)
    conclusive = bounds is not None
    return Realised(metric, value, low, high, len(frame), joined.labelled_share, conclusive, reason, unusable)


def labelled_outcomes(
    kind: Kind, frame: pd.DataFrame, classes: Sequence[Any] | None = None, terms: ForecastTerms | None = None
) -> tuple[pd.DataFrame, Outcomes]:
    """The joined rows whose label and prediction can be compared, and their outcomes; see `realised`."""
    classes = classes if predicts_numbers(kind) or classes else _classes(frame)
    told = frame[_told(kind, frame, classes)]
    return told, _outcomes(kind, told, classes, terms)


def degradation_limit(metric: str, reference_value: float, tolerance: float) -> float:
    """The value beyond which more than the tolerated share (0..1) of the reference is lost."""
    lost = tolerance * abs(reference_value)
    return reference_value - lost if HIGHER_IS_BETTER[metric] else reference_value + lost


def has_degraded(reference_value: float, found: Measured, tolerance: float, widened: float = 1.0) -> bool | None:
    """Whether more than the tolerated share of the reference value was lost; None: these rows cannot tell.

    True wants both: the loss is larger than tolerated, and it is no noise (the interval excludes the reference).
    A loss beyond the tolerance that noise might explain is inconclusive, never fine.
    widened: by how much the interval is, since the reference value was measured on a sample, too; see `widening`.
    """
    if not found.conclusive or found.value is None or found.low is None or found.high is None:
        return None
    limit = degradation_limit(found.metric, reference_value, tolerance)
    if HIGHER_IS_BETTER[found.metric]:
        lost = found.value < limit
        beyond_noise = found.value + widened * (found.high - found.value) < reference_value
    else:
        lost = found.value > limit
        beyond_noise = found.value - widened * (found.value - found.low) > reference_value
    if not lost:
        return False
    return True if beyond_noise else None


def widening(rows: int, reference_rows: int) -> float:
    """How much wider than a window's own interval that of its difference from a reference is.

    A champion that was chosen on few rows may have come out too well there, and would seem to lose what it never had.
    Of n rows the variance goes with 1/n: of a difference it is 1 + n/m times the window's.
    """
    return math.sqrt(1 + rows / max(reference_rows, 1))


def _measure(
    metric: str, outcomes: Outcomes, resamples: int, confidence: float, seed: int
) -> tuple[float | None, tuple[float, float] | None, str]:
    """The value, its interval, and why there is none."""
    if metric in PROBABILISTIC and outcomes.probability is None:
        return None, None, f"{metric} needs probabilities, and not every prediction has one"
    if metric in OF_QUANTILES and outcomes.quantiles is None:
        return None, None, f"{metric} needs quantiles, and not every prediction has them"
    value = float(score(metric, outcomes, np.ones((1, outcomes.rows)))[0])
    if not np.isfinite(value):
        of = "nobody knows the seasonal error" if metric == "mase" else "the labels are of one class or value"
        return None, None, f"{metric} is undefined: {of}"
    drawn = bootstrap(lambda weights: score(metric, outcomes, weights), outcomes.rows, resamples, seed)
    bounds = interval(drawn, confidence)
    return value, bounds, "" if bounds else f"{metric} is undefined on most resamples"


def _classes(frame: pd.DataFrame) -> list[str] | None:
    """The classes that the predictions know: a label may be anything, and a mistyped one is no class."""
    if "probabilities" in frame and frame["probabilities"].notna().any():
        return [str(name) for name in frame["probabilities"].dropna().iloc[0]]
    if _absent(frame, "probability"):
        return None
    known = to_categories(frame["prediction"]).dropna().value_counts().index.tolist()
    # Where one class only was predicted, the other is the one that most labels name.
    others = to_categories(frame["label"]).dropna().value_counts().index.difference(known, sort=False).tolist()
    return class_order([*known, *others][: max(2, len(known))])


def _told(kind: Kind, frame: pd.DataFrame, classes: Sequence[Any] | None) -> pd.Series:
    """Which rows hold a label and a prediction that can be compared, bool."""
    if predicts_numbers(kind):
        return to_numbers(frame["label"]).notna() & to_numbers(frame["prediction"]).notna()
    label, prediction = to_categories(frame["label"]), to_categories(frame["prediction"])
    if classes is None or len(classes) < 2:
        return label.notna() & prediction.notna()
    names = to_categories(pd.Series(list(classes), dtype=object)).tolist()
    return label.isin(names) & prediction.isin(names)


def _outcomes(kind: Kind, frame: pd.DataFrame, classes: Sequence[Any] | None, terms: ForecastTerms | None) -> Outcomes:
    label, prediction = frame["label"].to_numpy(), frame["prediction"].to_numpy()
    if predicts_numbers(kind):
        return outcomes_for(kind, label, _forecast(frame, terms), terms=terms)
    if classes is not None and len(classes) < 2:
        classes = None
    return outcomes_for(kind, label, prediction, _probability(frame, classes), classes)


def _probability(frame: pd.DataFrame, classes: Sequence[Any] | None) -> np.ndarray | None:
    """The matrix or vector of probabilities; None unless every row has them."""
    if classes is not None and not _absent(frame, "probabilities"):
        return np.array([[float(row[str(name)]) for name in classes] for row in frame["probabilities"]])
    return None if _absent(frame, "probability") else frame["probability"].to_numpy(dtype=float)


def _forecast(frame: pd.DataFrame, terms: ForecastTerms | None) -> np.ndarray:
    """The quantiles where every row has them, else the prediction."""
    if terms is None or not terms.levels or _absent(frame, "quantiles"):
        return frame["prediction"].to_numpy()
    try:
        return np.array([[float(row[str(level)]) for level in terms.levels] for row in frame["quantiles"]])
    except (KeyError, TypeError):  # of another version, which gave other levels or none
        return frame["prediction"].to_numpy()


def _absent(frame: pd.DataFrame, name: str) -> bool:
    return name not in frame or bool(frame[name].isna().any())
