"""How wrong each single answer was: what the onset of a loss is told from."""

from __future__ import annotations

import numpy as np

from monitoring.weighted_metrics import Outcomes


def row_losses(outcomes: Outcomes, numbers: bool) -> np.ndarray:
    """The loss of each row by itself, shape (rows,), finite.

    numbers: whether numbers are predicted; then it is the absolute error, which one outlier does not rule. Of a
    classification it is the squared distance of the probabilities from the class that came true (Brier 1950, Monthly
    Weather Review 78), and 1 for a wrong class where no probability is known.
    """
    if numbers:
        return np.abs(outcomes.prediction.astype(float) - outcomes.label.astype(float))
    if outcomes.probability is None:
        return (outcomes.prediction != outcomes.label).astype(float)
    true = np.zeros_like(outcomes.probability)
    true[np.arange(outcomes.rows), outcomes.label.astype(int)] = 1.0
    return np.asarray(((outcomes.probability - true) ** 2).sum(axis=1))
