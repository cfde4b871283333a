"""Metrics of predictions whose labels are not known, only how probable each label is.

Every row stands once for each class, weighted with that class's probability. The weighted metrics over those rows are
the metrics of the expected confusion matrix, and for the ROC curve of the expected true and false positives, which is
what confidence-based performance estimation computes (CBPE; NannyML's documentation, "How it works").
"""

from __future__ import annotations

import numpy as np

from monitoring.resampling import bootstrap, interval
from monitoring.weighted_metrics import Outcomes, score

_SAMPLE = 2000  # rows that the spread is drawn on; of more, it is narrowed by the root of the rows
_CELLS = 4_000_000  # weights held at once (32 MB)


def expected_score(metric: str, prediction: np.ndarray, claimed: np.ndarray, probable: np.ndarray) -> float:
    """The metric to be expected, NaN where it is undefined.

    prediction: codes, shape (rows,). claimed: the model's own probabilities, by which it is scored; probable: those
    that hold, in which each row sums to one; both of shape (rows, classes).
    """
    outcomes = _every_label(prediction, claimed, probable.shape[1])
    weights = probable.T.ravel()
    possible = weights > 0  # a class that cannot occur does not count into a mean over classes
    said = np.tile(claimed, (probable.shape[1], 1))[possible]
    kept = Outcomes(outcomes.label[possible], outcomes.prediction[possible], said, outcomes.classes)
    return float(score(metric, kept, weights[None, possible])[0])


def expected_spread(
    metric: str,
    prediction: np.ndarray,
    claimed: np.ndarray,
    probable: np.ndarray,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> tuple[float, float] | None:
    """How far below and above its expectation the metric may come out, once the labels are known: (down, up).

    Rows are drawn anew, and so is the label of each. None where it is undefined on most draws.
    """
    rng = np.random.default_rng(seed)
    rows = len(prediction)
    if rows > _SAMPLE:
        some = rng.choice(rows, _SAMPLE, replace=False)
        prediction, claimed, probable = prediction[some], claimed[some], probable[some]
    outcomes = _every_label(prediction, claimed, probable.shape[1])
    at_once = max(1, _CELLS // outcomes.rows)

    def drawn(weights: np.ndarray) -> np.ndarray:
        chunks = [weights[start : start + at_once] for start in range(0, len(weights), at_once)]
        return np.concatenate([score(metric, outcomes, _label_weights(chunk, probable, rng)) for chunk in chunks])

    bounds = interval(bootstrap(drawn, len(prediction), resamples, seed), confidence)
    middle = expected_score(metric, prediction, claimed, probable)
    if bounds is None or not np.isfinite(middle):
        return None
    narrowed = np.sqrt(len(prediction) / rows)
    return float(max(0.0, middle - bounds[0]) * narrowed), float(max(0.0, bounds[1] - middle) * narrowed)


def _every_label(prediction: np.ndarray, claimed: np.ndarray, classes: int) -> Outcomes:
    """The rows with the first class as their label, then the same with the second, and so on."""
    label = np.repeat(np.arange(classes), len(prediction))
    return Outcomes(label, np.tile(prediction, classes), np.tile(claimed, (classes, 1)), classes)


def _label_weights(times: np.ndarray, probable: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels for rows drawn so many times, shape (resamples, classes * rows), in the order of `_every_label`."""
    whole = times.astype(int)
    if probable.shape[1] == 2:
        second = rng.binomial(whole, probable[:, 1])
        return np.concatenate([whole - second, second], axis=1).astype(float)
    counts = rng.multinomial(whole, probable)
    return counts.transpose(0, 2, 1).reshape(len(times), -1).astype(float)
