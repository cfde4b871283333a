"""What two versions said, as values whose distributions can be compared, and how far off each answer was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.metrics import Kind, predicts_numbers
from monitoring.performance import labelled_outcomes
from monitoring.row_losses import row_losses


def said_values(kind: Kind, predictions: pd.DataFrame) -> Any:
    """One value a prediction: a number, the probability of the second of two classes, or the class."""
    if predicts_numbers(kind):
        return predictions["prediction"].astype(float).to_numpy()
    if len(predictions) and "probability" in predictions and predictions["probability"].notna().all():
        return predictions["probability"].astype(float).to_numpy()
    return predictions["prediction"].astype(str).to_numpy()


def coded(champion: Any, challenger: Any) -> tuple[Any, Any]:
    """Classes as numbers, in the order of their names: any order will do for a distance between distributions."""
    if champion.dtype.kind == "f" and challenger.dtype.kind == "f":
        return champion, challenger
    if min(len(champion), len(challenger)) == 0:
        return np.zeros(len(champion)), np.zeros(len(challenger))
    both = np.concatenate([champion.astype(str), challenger.astype(str)])
    codes = np.unique(both, return_inverse=True)[1].astype(float)
    return codes[: len(champion)], codes[len(champion) :]


def lost(kind: Kind, labelled: pd.DataFrame) -> Any:
    """How far off each prediction was, shape (rows,), whatever probability it was given with."""
    if labelled.empty:
        return np.zeros(0)
    _, outcomes = labelled_outcomes(kind, labelled)
    return row_losses(replace(outcomes, probability=None), predicts_numbers(kind))
