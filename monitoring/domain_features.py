"""Rows as numbers that a linear classifier can tell apart: normal scores, squares, products, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from monitoring.values import usable

_PAIRED = 30  # columns at most whose products are taken: they are 435
_CATEGORIES = 10  # the most frequent of a column, a feature each
_RARE = 0.01  # share below which a category or a gap has no feature of its own
_KNOTS = 200


@dataclass(frozen=True)
class _Number:
    name: str
    column: Column
    knots: np.ndarray  # reference values, ascending, with their normal scores
    scores: np.ndarray

    def features(self, values: pd.Series) -> np.ndarray:
        """Normal scores (0 where missing) and whether it is missing, shape (rows, 2)."""
        numbers = usable(values, self.column.type).to_numpy(dtype=float)
        missing = np.isnan(numbers)
        scores = np.interp(np.where(missing, 0.0, numbers), self.knots, self.scores)
        return np.column_stack([np.where(missing, 0.0, scores), missing])


@dataclass(frozen=True)
class _Category:
    name: str
    column: Column
    names: tuple[str, ...]

    def features(self, values: pd.Series) -> np.ndarray:
        """Whether it is each of the names, or none of them, or missing, shape (rows, names + 2)."""
        texts = usable(values, self.column.type)
        each = [(texts == name).to_numpy(dtype=float) for name in self.names]
        missing = texts.isna().to_numpy(dtype=float)
        return np.column_stack([*each, 1 - missing - sum(each), missing])


@dataclass(frozen=True)
class Encoder:
    """Fitted to a reference: its values become normal scores, which no outlier and no unit sways. Features are scaled
    to the reference's; `owners` are the columns that each comes from."""

    parts: tuple[_Number | _Category, ...]
    mean: np.ndarray
    scale: np.ndarray
    owners: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, reference: pd.DataFrame, columns: Sequence[Column]) -> Encoder:
        """Fit to the reference's rows, at least one, whose values follow those columns."""
        parts = tuple(_part(reference[column.name], column) for column in columns)
        raw, owners = _raw(parts, reference)
        spread = raw.std(axis=0)
        # What hardly occurs in the reference would be blown up by its own rarity.
        return cls(parts, raw.mean(axis=0), np.maximum(spread, np.sqrt(_RARE * (1 - _RARE))), owners)

    def features(self, frame: pd.DataFrame) -> np.ndarray:
        """Shape (rows, features), each of mean 0 and spread 1 at most over the reference."""
        return (_raw(self.parts, frame)[0] - self.mean) / self.scale

    def told_by(self, weights: np.ndarray, then: np.ndarray, now: np.ndarray) -> tuple[tuple[str, float], ...]:
        """The columns' shares in the distance between two sets of features along the weights, the greatest first."""
        parts = np.maximum(weights * (now.mean(axis=0) - then.mean(axis=0)), 0.0)
        shares = {part.name: 0.0 for part in self.parts}
        for owners, share in zip(self.owners, parts / max(parts.sum(), 1e-300), strict=True):
            for owner in owners:
                shares[owner] += float(share) / len(owners)
        return tuple(sorted(shares.items(), key=lambda item: -item[1]))


def _part(values: pd.Series, column: Column) -> _Number | _Category:
    present = usable(values, column.type).dropna()
    if not column.numeric:
        counts = present.value_counts(normalize=True)
        kept = counts[counts >= _RARE].index[:_CATEGORIES]
        return _Category(column.name, column, tuple(str(name) for name in kept))
    from scipy.special import ndtri

    if present.empty:
        return _Number(column.name, column, np.zeros(1), np.zeros(1))
    ordered = np.sort(present.to_numpy())
    knots = np.unique(np.quantile(ordered, np.linspace(0, 1, _KNOTS + 1), method="inverted_cdf"))
    middle = (np.searchsorted(ordered, knots, "left") + np.searchsorted(ordered, knots, "right")) / 2
    return _Number(column.name, column, knots, ndtri(np.clip(middle / len(ordered), 0.001, 0.999)))


def _raw(parts: Sequence[_Number | _Category], frame: pd.DataFrame) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    blocks = [part.features(frame[part.name]) for part in parts]
    owners: list[tuple[str, ...]] = [
        (part.name,) for part, block in zip(parts, blocks, strict=True) for _ in range(block.shape[1])
    ]
    scores = {part.name: block[:, 0] for part, block in zip(parts, blocks, strict=True) if isinstance(part, _Number)}
    more = [scores[name] ** 2 for name in scores]
    owners += [(name,) for name in scores]
    if len(parts) <= _PAIRED:
        more += [scores[one] * scores[other] for one, other in combinations(scores, 2)]
        owners += combinations(scores, 2)
    return np.column_stack([*blocks, *more]), tuple(owners)
