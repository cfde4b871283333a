"""What a model said of its hold-out, in some kilobytes: what its windows in production are held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from lifecycle.workload import Kind
from monitoring.attribution import AttributionReference
from monitoring.confidence_based import CalibratedReference, calibrated_reference
from monitoring.prediction_drift import prediction_frame, prediction_profile
from monitoring.profile import Profile


class ModelReference(Frozen):
    """classes: the model's, as text; none of a regression. predictions: the profile of what it said. calibrated: of a
    classification, how often what it claims comes true. attribution: where the workload watches that."""

    classes: tuple[str, ...]
    predictions: Profile
    calibrated: CalibratedReference | None
    attribution: AttributionReference | None = None


def model_reference(
    kind: Kind,
    label: Any,
    prediction: np.ndarray,
    probability: np.ndarray | None,
    classes: Sequence[Any] = (),
    attribution: AttributionReference | None = None,
) -> ModelReference:
    """From the hold-out, the oldest row first.

    label, prediction: shape (rows,). probability: of a classification, shape (rows,) of the second of two classes, or
    (rows, classes). ValueError for shapes or classes that do not fit.
    """
    said = prediction_frame(kind, prediction, probability, classes)
    calibrated = None if probability is None else calibrated_reference(label, probability, classes, prediction)
    return ModelReference(
        classes=tuple(str(name) for name in classes),
        predictions=prediction_profile(kind, said, classes),
        calibrated=calibrated,
        attribution=attribution,
    )


def said_in(predictions: pd.DataFrame, classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
    """Prediction and probability of a window, as `model_reference` takes them; None unless every row has them.

    predictions: as `platforms.ports.Predictions` tells them, with `probability`, or `probabilities` by class.
    """
    said = predictions["prediction"].to_numpy()
    if not classes:
        return said, None
    if len(classes) == 2:
        probability = predictions["probability"].to_numpy(dtype=float)
        return said, probability if np.isfinite(probability).all() else None
    if predictions["probabilities"].isna().any():
        return said, None
    return said, np.array([[float(row[name]) for name in classes] for row in predictions["probabilities"]])
