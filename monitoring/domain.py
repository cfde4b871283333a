"""Can a classifier tell the window's rows from the reference's? What no column shows by itself, it may show in pairs.

The classifier is a ridge discriminant on normal scores of the columns, their squares and products: it sees means,
spreads and correlations, in milliseconds. Its area under the ROC curve, cross-validated, is held against its own null:
the same, of contiguous slices of the reference against the rest. So seasons and batches in the reference are no drift.
A column whose shape alone changes, its mean and spread being the same, is left to the columns' own distances.
Needs a sample of reference rows: how columns go together is in no profile of single columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lifecycle.columns import Column
from lifecycle.findings import Finding
from monitoring.domain_features import Encoder
from monitoring.errors import require_columns
from monitoring.weighted_metrics import auc

MINIMUM_ROWS = 300
FLOOR = 0.53  # what a shift of a tenth of a standard deviation in one column comes to
_MOST_ROWS = 2000  # of the window; twice as many of the reference
_SLICES = 20
_SHARE = 4  # a slice is at most this part of the reference
_FOLDS = 4
SUBJECT = "all columns together"


@dataclass(frozen=True)
class DomainDrift:
    """auc: of telling window from reference, 0.5 where they are alike; None where too few rows allow none.
    threshold: what chance and the reference's own changes come to. rows: of the window, that were looked at.
    columns: those by which the rows are told apart, with their share (the shares of all sum to one), the greatest
    first. conclusive: it could be judged. Inconclusive is never fine."""

    auc: float | None
    threshold: float | None
    drifted: bool
    rows: int
    columns: tuple[tuple[str, float], ...]
    conclusive: bool
    reason: str


@dataclass(frozen=True)
class DomainReference:
    """A reference that many windows are held against: what follows from it alone is computed once.

    features: of its rows, the oldest first, as the encoder has them.
    """

    columns: tuple[Column, ...]
    encoder: Encoder
    features: np.ndarray
    seed: int = 0
    _nulls: dict[int, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, reference: pd.DataFrame, columns: Sequence[Column], *, seed: int = 0) -> DomainReference:
        """From rows or a sample of them, the oldest first. Raises SchemaMismatch where a column is missing."""
        _require(columns, reference)
        encoder = Encoder.of(reference, columns)
        return cls(tuple(columns), encoder, encoder.features(reference), seed)

    def drift(
        self, window: pd.DataFrame, *, minimum_rows: int = MINIMUM_ROWS, false_alarms: float = 0.005
    ) -> DomainDrift:
        """See `domain_drift`."""
        _require(self.columns, window)
        rows = min(len(window), len(self.features) // _SHARE, _MOST_ROWS)
        if not self.columns or rows < minimum_rows:
            doubt = _doubt(len(self.features), len(window), minimum_rows)
            return DomainDrift(None, None, False, rows, (), False, doubt)
        rng = np.random.default_rng([self.seed, 1])
        now = self.encoder.features(_sample(window, rows, rng))
        # The products are small: threads that wait for each other would take ten times as long as one.
        with threadpool_limits(1, "blas"):
            null = self.null(rows)
            threshold = max(FLOOR, _limit(null, false_alarms), *null)
            picked = self.features[rng.permutation(len(self.features))[: 2 * rows]]
            found = _auc((picked, now), rng)
            told_by = self.encoder.told_by(_weights(picked, now), picked, now)
        return DomainDrift(found, threshold, found > threshold, rows, told_by, True, "")

    def null(self, rows: int) -> tuple[float, ...]:
        """The areas under the curve of contiguous slices of so many rows against the rest."""
        if rows not in self._nulls:
            rng = np.random.default_rng(self.seed)
            slices = (_slice(self.features, rows, place, rng) for place in range(_SLICES))
            self._nulls[rows] = tuple(_auc(pair, rng) for pair in slices)
        return self._nulls[rows]


def domain_drift(
    reference: pd.DataFrame,
    window: pd.DataFrame,
    columns: Sequence[Column],
    *,
    minimum_rows: int = MINIMUM_ROWS,
    false_alarms: float = 0.005,
    seed: int = 0,
) -> DomainDrift:
    """reference: rows or a sample of them, the oldest first; at least four times as many as the window's, or of the
    window fewer are looked at. false_alarms: the probability that a drift-free window is over the threshold.
    Raises SchemaMismatch where a frame lacks a column. For many windows, keep a `DomainReference`.
    """
    _require(columns, reference)
    _require(columns, window)
    if not columns or min(len(window), len(reference) // _SHARE) < minimum_rows:
        doubt = _doubt(len(reference), len(window), minimum_rows)
        return DomainDrift(None, None, False, min(len(window), len(reference) // _SHARE), (), False, doubt)
    known = DomainReference.of(reference, columns, seed=seed)
    return known.drift(window, minimum_rows=minimum_rows, false_alarms=false_alarms)


def domain_finding(drift: DomainDrift) -> Finding:
    """What was seen, in a sentence."""
    if drift.auc is None or drift.threshold is None:
        message = f"{SUBJECT} cannot be judged: {drift.reason}"
    elif drift.drifted:
        worst = ", ".join(name for name, share in drift.columns[:3] if share > 0)
        message = f"the window is told from the reference by {worst}: AUC {drift.auc:.3f} over {drift.threshold:.3f}"
    else:
        message = f"the window is not told from the reference: AUC {drift.auc:.3f}, threshold {drift.threshold:.3f}"
    return Finding(
        kind="drift",
        subject=SUBJECT,
        score=drift.auc,
        threshold=drift.threshold,
        significant=drift.drifted,
        conclusive=drift.conclusive,
        message=message,
    )


def _require(columns: Sequence[Column], frame: pd.DataFrame) -> None:
    require_columns([column.name for column in columns], list(frame.columns), expected=list(frame.columns))


def _doubt(reference: int, window: int, minimum: int) -> str:
    if window < minimum:
        return f"the window holds {window} rows, fewer than {minimum}"
    if reference < _SHARE * minimum:
        return f"the reference holds {reference} rows, fewer than {_SHARE * minimum}"
    return "there are no columns"


def _sample(frame: pd.DataFrame, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    return frame.iloc[np.sort(rng.permutation(len(frame))[:rows])]


def _slice(features: np.ndarray, rows: int, place: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(rows from elsewhere, a contiguous slice); the slices begin at even distances."""
    start = round(place * (len(features) - rows) / (_SLICES - 1))
    elsewhere = np.r_[0:start, start + rows : len(features)]
    return features[rng.permutation(elsewhere)[: 2 * rows]], features[start : start + rows]


def _limit(null: Sequence[float], false_alarms: float) -> float:
    """What one more draw exceeds with that probability: Student's prediction bound of normal draws."""
    from scipy.special import stdtrit

    count = len(null)
    return float(np.mean(null) + stdtrit(count - 1, 1 - false_alarms) * np.std(null, ddof=1) * np.sqrt(1 + 1 / count))


def _auc(pair: tuple[np.ndarray, np.ndarray], rng: np.random.Generator) -> float:
    """Cross-validated: the mean over the folds, each scored by a fit on the others, whose sums are what it leaves."""
    folds = [[side[part] for part in np.array_split(rng.permutation(len(side)), _FOLDS)] for side in pair]
    then, now = ([_Sums.of(part) for part in parts] for parts in folds)
    all_then, all_now = sum(then[1:], then[0]), sum(now[1:], now[0])
    found = []
    for fold in range(_FOLDS):
        weights = _discriminant(all_then - then[fold], all_now - now[fold])
        scores = [side[fold] @ weights for side in folds]
        positive = np.r_[np.zeros(len(scores[0])), np.ones(len(scores[1]))]
        found.append(float(auc(positive, np.concatenate(scores), np.ones((1, len(positive))))[0]))
    return float(np.mean(found))


def _weights(then: np.ndarray, now: np.ndarray) -> np.ndarray:
    return _discriminant(_Sums.of(then), _Sums.of(now))


@dataclass(frozen=True)
class _Sums:
    """Rows, their sum and the sum of their products: from which means and covariances follow."""

    rows: int
    first: np.ndarray
    second: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> _Sums:
        return cls(len(features), features.sum(axis=0), features.T @ features)

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(self.rows + other.rows, self.first + other.first, self.second + other.second)

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(self.rows - other.rows, self.first - other.first, self.second - other.second)

    def scatter(self) -> np.ndarray:
        """The sum of products about the mean."""
        return np.asarray(self.second - np.outer(self.first, self.first) / self.rows)


def _discriminant(then: _Sums, now: _Sums) -> np.ndarray:
    """Ridge discriminant: the difference of the means over the pooled covariance, drawn towards the unit matrix by as
    much as there are features for the rows."""
    rows, features = then.rows + now.rows, len(then.first)
    pooled = (then.scatter() + now.scatter()) / rows + (1e-3 + features / rows) * np.eye(features)
    return np.asarray(np.linalg.solve(pooled, now.first / now.rows - then.first / then.rows))
