"""Concept drift without input drift: the inputs stay as they were, their labels come to follow another rule.

The model knows the rule of the reference. Afterwards the log odds follow c times the model's score and, for the
rest, another combination of the same inputs, so that inputs, predictions and the labels' share stay the same, and the
area under the ROC curve falls. All labels of a window have arrived when it is looked at: delays count from then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from benchmarks.drift_calibration.cases import LABEL, PREDICTION, PROBABILITY, Case, Episode
from benchmarks.drift_calibration.detectors import TOLERANCE
from benchmarks.drift_calibration.streams import COLUMNS, NUMBERS, Stream

STEEP = 2.2  # of the log odds: an AUC of 0.84
KEPT = (0.95, 0.9, 0.8, 0.6)  # c
REFERENCE = 5000
TOLERATED = "tolerated"
_ALL = frozenset({"roc_auc", LABEL, PREDICTION})  # who sees a concept drift may call it by any of them


def concept(rows: int, more: bool = True) -> Callable[[int, int], Case]:
    """Windows of so many labels. more: beside sudden drifts, gradual and recurring ones."""

    def build(seed: int, repetitions: int) -> Case:
        rng = np.random.default_rng(seed)
        quiet = [_drawn(rows, 1.0, rng) for _ in range(8 * repetitions)]
        episodes = [Episode("no drift: false alarms", quiet)]
        for _ in range(repetitions):
            for kept in KEPT:
                row = f"sudden: AUC {achieved(1.0):.3f} to {achieved(kept):.3f}{_tolerated(kept)}"
                episodes.append(_episode(row, rows, [kept] * 2, rng))
            if more:
                falling = np.linspace(1, 0.6, 11)[1:].tolist()
                row = f"gradual: to {achieved(0.6):.3f} within ten windows"
                episodes.append(_episode(row, rows, falling, rng, within=10))
                again = [0.8, 0.8, 1, 1, 1, 0.8, 0.8]
                row = f"recurring: {achieved(0.8):.3f} in two windows of five"
                episodes.append(_episode(row, rows, again, rng, onsets=(0, 5)))
        return Case(_drawn(REFERENCE, 1.0, rng), COLUMNS, tuple(episodes))

    return build


@cache
def achieved(kept: float) -> float:
    """The model's area under the ROC curve, of many rows."""
    frame = _drawn(200_000, kept, np.random.default_rng(0))
    return float(roc_auc_score(frame[LABEL], frame[PROBABILITY]))


def _tolerated(kept: float) -> str:
    """Said of a loss that the service tolerates by default; where it just does, half of the windows lie beyond."""
    return f", {TOLERATED}" if achieved(kept) >= (1 - TOLERANCE) * achieved(1.0) else ""


def _episode(
    row: str,
    rows: int,
    kept: Sequence[float],
    rng: np.random.Generator,
    onsets: tuple[int, ...] = (0,),
    within: int = 2,
) -> Episode:
    return Episode(row, [_drawn(rows, one, rng) for one in kept], onsets, within, _ALL)


def _drawn(rows: int, kept: float, rng: np.random.Generator) -> pd.DataFrame:
    frame = Stream().draw(rows, rng)
    values = frame[list(NUMBERS)].to_numpy()
    score, other = values[:, 2:6].sum(axis=1) / 2, values[:, 6:10].sum(axis=1) / 2
    truth = expit(STEEP * (kept * score + np.sqrt(1 - kept**2) * other))
    probability = expit(STEEP * score)
    return frame.assign(
        **{
            LABEL: (rng.random(rows) < truth).astype(int),
            PREDICTION: (probability >= 0.5).astype(int),
            PROBABILITY: probability,
        }
    )
