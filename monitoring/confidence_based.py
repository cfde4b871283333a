"""Performance of a classification without labels, from the model's own probabilities (CBPE).

Calibrated on a held-out reference, a probability says how often the label comes true; the metrics are then those of the
expected confusion matrix. All that is kept of the reference is the maps and the metrics: JSON, and no row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lifecycle.base import Frozen
from monitoring.estimate import MINIMUM_ROWS, Estimate, no_estimate
from monitoring.expected_metrics import expected_score, expected_spread
from monitoring.isotonic import IsotonicMap, fit_where_it_helps
from monitoring.metrics import metrics_for, require_metric
from monitoring.outcomes import classification_outcomes
from monitoring.thinness import Peopled, peopled

_AT_MOST = {"roc_auc": 1.0, "accuracy": 1.0, "f1": 1.0}


class CalibratedReference(Frozen):
    """What a held-out reference says about a model's probabilities.

    maps: of two classes the second's; of more, one a class, each against the rest. claims: of the same classes.
    rows: of the reference. metrics: what the model achieved there, by labels.
    """

    classes: tuple[str, ...]
    maps: tuple[IsotonicMap, ...]
    claims: tuple[Peopled, ...]
    rows: int
    metrics: dict[str, float]

    def thinness(self, claimed: np.ndarray) -> float:
        """See `Peopled.thinness`; of the class that it is worst for."""
        codes = _judged_classes(len(self.classes))
        return max(known.thinness(claimed[:, code]) for known, code in zip(self.claims, codes, strict=True))

    def calibrate(self, claimed: np.ndarray) -> np.ndarray:
        """The probabilities that hold, each row summing to one; shape (rows, classes) as claimed."""
        if len(self.classes) == 2:
            second = self.maps[0].apply(claimed[:, 1])
            return np.column_stack([1 - second, second])
        each = np.column_stack([map_.apply(claimed[:, place]) for place, map_ in enumerate(self.maps)])
        total = each.sum(axis=1, keepdims=True)
        # Where no class is left with any chance, the model's own word is the best there is.
        own = claimed / claimed.sum(axis=1, keepdims=True)
        return np.where(total > 0, each / np.where(total > 0, total, 1.0), own)


def calibrated_reference(
    label: Any, probability: Any, classes: Sequence[Any], prediction: Any = None, *, seed: int = 0
) -> CalibratedReference:
    """From held-out rows: rows that the model trained on would make it look better than it is.

    label: shape (rows,). probability: shape (rows,) of the second class, or (rows, classes) in the order of `classes`.
    prediction: the model's; none given, the most probable class. ValueError for shapes or classes that do not fit.
    """
    outcomes = classification_outcomes(label, prediction, probability, classes)
    claimed = _claimed(outcomes.probability)
    codes = _judged_classes(outcomes.classes)
    maps = tuple(fit_where_it_helps(claimed[:, code], outcomes.label == code, seed=seed) for code in codes)
    names = tuple(str(name) for name in classes)
    metrics = metrics_for("classification", label, _best_or_given(prediction, claimed, names), probability, names)
    claims = tuple(peopled(claimed[:, code]) for code in codes)
    return CalibratedReference(classes=names, maps=maps, claims=claims, rows=outcomes.rows, metrics=metrics)


def estimate_classification(
    reference: CalibratedReference,
    metric: str,
    probability: Any,
    prediction: Any = None,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    resamples: int = 500,
    confidence: float = 0.99,
    seed: int = 0,
) -> Estimate:
    """The metric on a window's predictions; probability and prediction as `calibrated_reference` has them.

    The interval is of the sampling error, of the window's rows and labels and of the reference's, which is a sample
    too, and a thin one where the model claims what it seldom claimed there. KeyError for an unknown metric; ValueError
    for shapes or classes that do not fit.
    """
    require_metric("classification", metric)
    known = reference.metrics.get(metric)
    rows = len(np.asarray(probability))
    for size, what in ((rows, "the window"), (reference.rows, "the reference")):
        if size < minimum_rows:
            return no_estimate("CBPE", metric, size, known, f"{what} holds {size} rows, fewer than {minimum_rows}")
    said = _codes(reference, probability, prediction)
    claimed = _claimed(said.probability)
    probable = reference.calibrate(claimed)
    value = expected_score(metric, said.prediction, claimed, probable)
    spread = expected_spread(
        metric, said.prediction, claimed, probable, resamples=resamples, confidence=confidence, seed=seed
    )
    if spread is None or not math.isfinite(value):
        return no_estimate("CBPE", metric, rows, known, f"{metric} is undefined: only one class is to be expected")
    widened = math.sqrt(1 + rows / reference.rows * reference.thinness(claimed))
    low = max(0.0, value - widened * spread[0])
    high = min(_AT_MOST.get(metric, math.inf), value + widened * spread[1])
    return Estimate("CBPE", metric, value, low, high, known, rows, True)


def _judged_classes(classes: int) -> list[int]:
    """Of two classes the second, which says it all."""
    return [1] if classes == 2 else list(range(classes))


def _best_or_given(prediction: Any, claimed: np.ndarray, classes: Sequence[str]) -> Any:
    """The prediction, or where none is given the class with the highest probability."""
    return prediction if prediction is not None else np.asarray(classes, dtype=object)[claimed.argmax(axis=1)]


def _codes(reference: CalibratedReference, probability: Any, prediction: Any) -> Any:
    """Outcomes whose labels are of no meaning: the window has none."""
    nobody = np.full(len(np.asarray(probability)), reference.classes[0], dtype=object)
    return classification_outcomes(nobody, prediction, probability, reference.classes)


def _claimed(probability: np.ndarray | None) -> np.ndarray:
    if probability is None:
        raise ValueError("an estimate without labels needs probabilities, and the model gave none")
    return probability
