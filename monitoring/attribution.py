"""Does the model still look at the same columns? Importances of a window against those of the reference.

They agree as Azure ML's monitor measures it: NDCG, the reference's importances being the gains and the window's the
ranking (`sklearn.metrics.ndcg_score`; Azure/azureml-assets, compute_feature_attribution_drift.py; Järvelin and
Kekäläinen 2002). A fixed threshold alarms on columns that matter alike and trade places by chance, so it is calibrated:
on windows of the reference itself, contiguous ones first, because rows that follow each other are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from monitoring.errors import require_columns
from monitoring.importance import Predict, block_importances, permutation_importance
from monitoring.judgement import Judgement, inconclusive
from monitoring.tails import exceeded_with

MINIMUM_ROWS = 300
WIDTHS = (300, 1000, 2000)  # rows of a window; of a larger one, so many are drawn
FLOOR = 0.01  # a loss of NDCG below it is of no consequence
_ROWS = 4000  # of the reference that are asked
_WINDOWS = 24  # of each width, at least
_PEAKS = 0.25  # share of them that the tail is fitted to


class Chance(Frozen):
    """What windows of so many rows lose of their NDCG where nothing drifted (1 - NDCG, ascending)."""

    rows: int
    losses: tuple[float, ...]


class AttributionReference(Frozen):
    """What a model looks at on its held-out reference: importances by column, in the unit of its answers."""

    columns: tuple[str, ...]
    importances: tuple[float, ...]
    chance: tuple[Chance, ...]


@dataclass(frozen=True)
class AttributionDrift:
    """How a window's importances agree with the reference's.

    ndcg, spearman: 1 is the same order; None where they are not defined (one column, or none that matters).
    threshold: the NDCG below which it drifted. moved: columns with their share of all importance on the reference and
    in the window, what moved most first.
    """

    ndcg: float | None
    spearman: float | None
    threshold: float | None
    drifted: bool
    moved: tuple[tuple[str, float, float], ...]
    rows: int
    conclusive: bool
    reason: str = ""

    @property
    def judgement(self) -> Judgement:
        """As a finding wants it."""
        subject = "feature attribution"
        if not self.conclusive or self.ndcg is None or self.threshold is None:
            return inconclusive(subject, f"Attribution cannot be judged: {self.reason}", self.ndcg, self.threshold)
        name, then, now = self.moved[0]
        message = f"The model {'looks at other columns' if self.drifted else 'looks at the same columns'}: "
        message += f"NDCG {self.ndcg:.4f}, threshold {self.threshold:.4f}; {name} moved most, {then:.0%} to {now:.0%}"
        return Judgement(subject, self.ndcg, self.threshold, self.drifted, True, message)


def attribution_reference(
    predict: Predict, frame: pd.DataFrame, columns: Sequence[str], *, seed: int = 0
) -> AttributionReference:
    """From held-out rows, the oldest first. Asks the model about 20 times 4,000 rows for each column.

    predict: rows to answers, shape (rows,) or (rows, classes). SchemaMismatch where the frame lacks a column.
    """
    require_columns(list(columns), [str(name) for name in frame.columns], expected=[str(name) for name in frame])
    rng = np.random.default_rng(seed)
    recent = frame.iloc[-_ROWS:]
    importances = permutation_importance(predict, recent, columns, rng)
    chance = [
        Chance(rows=width, losses=_losses(predict, recent, columns, importances, width, rng))
        for width in WIDTHS
        if len(recent) >= 2 * width
    ]
    return AttributionReference(columns=tuple(columns), importances=tuple(importances.tolist()), chance=tuple(chance))


def score_attribution(
    reference: AttributionReference,
    predict: Predict,
    current: pd.DataFrame,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    false_alarms: float = 0.005,
    seed: int = 0,
) -> AttributionDrift:
    """A window against the reference. Asks the model about at most 2,000 rows for each column.

    false_alarms: the probability that a window without drift is told to have some.
    """
    require_columns(list(reference.columns), [str(name) for name in current.columns])
    rows, chance = len(current), [known for known in reference.chance if known.rows <= max(len(current), WIDTHS[0])]
    if rows < minimum_rows or not chance:
        reason = f"the window holds {rows} rows, fewer than {minimum_rows}"
        return _undecided(rows, reason if rows < minimum_rows else "the reference holds too few rows to calibrate on")
    rng = np.random.default_rng(seed)
    asked = current.iloc[np.sort(rng.permutation(rows)[: chance[-1].rows])]
    then = np.asarray(reference.importances)
    now = permutation_importance(predict, asked, reference.columns, rng)
    agreement = ndcg(then, now)
    if agreement is None:
        return _undecided(rows, "fewer than two columns matter to the model")
    threshold = 1 - max(FLOOR, exceeded_with(chance[-1].losses, false_alarms, _PEAKS))
    return AttributionDrift(
        ndcg=agreement,
        spearman=spearman(then, now),
        threshold=threshold,
        drifted=agreement < threshold,
        moved=_moved(reference.columns, then, now),
        rows=rows,
        conclusive=True,
    )


def ndcg(reference: np.ndarray, window: np.ndarray) -> float | None:
    """The window's ranking by the reference's importances, 0..1; ties share their places' mean. None: undefined."""
    from sklearn.metrics import ndcg_score

    if len(reference) < 2 or not (reference > 0).any():
        return None
    return float(ndcg_score([reference], [window]))


def spearman(reference: np.ndarray, window: np.ndarray) -> float | None:
    """The rank correlation, -1..1; None where either side is all alike."""
    from scipy.stats import spearmanr

    if len(reference) < 2 or np.ptp(reference) == 0 or np.ptp(window) == 0:
        return None
    return float(spearmanr(reference, window).statistic)


def _losses(
    predict: Predict,
    frame: pd.DataFrame,
    columns: Sequence[str],
    importances: np.ndarray,
    width: int,
    rng: np.random.Generator,
) -> tuple[float, ...]:
    """What windows of the reference lose: the contiguous ones, then shuffled ones until there are enough."""
    order = np.arange(len(frame))
    found: list[float] = []
    while len(found) < _WINDOWS:
        blocks = [order[start : start + width] for start in range(0, len(order) - width + 1, width)]
        for window in block_importances(predict, frame, columns, blocks, rng):
            agreement = ndcg(importances, window)
            found.append(0.0 if agreement is None else 1 - agreement)
        order = rng.permutation(len(frame))
    return tuple(sorted(found))


def _moved(columns: Sequence[str], then: np.ndarray, now: np.ndarray) -> tuple[tuple[str, float, float], ...]:
    before, after = then / then.sum(), now / now.sum() if now.sum() > 0 else now
    order = np.argsort(-np.abs(after - before), kind="stable")
    return tuple((columns[place], float(before[place]), float(after[place])) for place in order)


def _undecided(rows: int, reason: str) -> AttributionDrift:
    return AttributionDrift(None, None, None, False, (), rows, False, reason)
