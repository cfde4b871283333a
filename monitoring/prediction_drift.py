"""Does the model still say what it said of the hold-out? Predictions and probabilities, compared like any column.

It needs no labels, and it weighs the inputs as the model does. It cannot tell why: other inputs, or another population
that the model is right about, move predictions alike; and what the model does not look at never shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.metrics import Kind, predicts_numbers
from monitoring.drift import MINIMUM_ROWS, ColumnDrift, score_columns
from monitoring.profile import Profile, reference_profile

PREDICTION = "prediction"


def prediction_columns(kind: Kind, classes: Sequence[Any] = ()) -> tuple[Column, ...]:
    """What is compared: the prediction; of a classification also the probability, of two classes the second's."""
    if predicts_numbers(kind):
        return (Column(name=PREDICTION, type="number"),)
    named = list(classes)[1:] if len(classes) == 2 else list(classes)
    probabilities = (Column(name=_probability_of(name), type="number", missing_allowed=True) for name in named)
    return (Column(name=PREDICTION, type="category"), *probabilities)


def prediction_frame(kind: Kind, prediction: Any, probability: Any = None, classes: Sequence[Any] = ()) -> pd.DataFrame:
    """Predictions as the columns that are compared.

    prediction: shape (rows,). probability: shape (rows,) of the second class, or (rows, classes); none: missing.
    ValueError where the probabilities are not of the classes.
    """
    frame = pd.DataFrame({PREDICTION: np.asarray(prediction)})
    names = [column.name for column in prediction_columns(kind, classes)][1:]
    if not names:
        return frame
    matrix = np.full((len(frame), len(names)), np.nan) if probability is None else np.asarray(probability, dtype=float)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    matrix = matrix[:, 1:] if matrix.shape[1] == 2 and len(names) == 1 else matrix
    if matrix.shape[1] != len(names):
        raise ValueError(f"probability has {matrix.shape[1]} columns, for {len(classes)} classes")
    return frame.assign(**{name: matrix[:, place] for place, name in enumerate(names)})


def prediction_profile(kind: Kind, frame: pd.DataFrame, classes: Sequence[Any] = (), *, seed: int = 0) -> Profile:
    """The profile of the champion's predictions on the hold-out, the oldest first; see `prediction_frame`."""
    return reference_profile(frame, prediction_columns(kind, classes), seed=seed)


def score_predictions(
    profile: Profile,
    current: pd.DataFrame,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    false_alarms: float = 0.005,
    seed: int = 0,
) -> list[ColumnDrift]:
    """A window's predictions against the profile; `drift_findings` makes findings of it, as of columns."""
    return score_columns(profile, current, minimum_rows=minimum_rows, false_alarms=false_alarms, seed=seed)


def _probability_of(name: Any) -> str:
    return f"probability of {name}"
