"""A number's values as counts that say where they lie, closely enough for the classical statistics.

Three views of the same values, each exact and each adding up: counts between the reference's quantiles (fine where
the reference is dense), counts on an even grid over what came (fine where that lies), and the outermost values
themselves, on which the bins of PSI hang.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecycle.base import Frozen
from monitoring.distribution import Distribution, known_at
from monitoring.grid import Grid

QUANTILES = 1000
DISTINCT = 500  # a column of no more values than this has each of them as a knot
OUTERMOST = 32  # values kept on each side


class NumberSketch(Frozen):
    """counts: values in (-inf, knots[0]], (knots[0], knots[1]], ..., and beyond the last knot. The knots are the
    reference's, so they stand there (`Knots`) and not here. lowest, highest: the outermost values, ascending."""

    counts: tuple[int, ...]
    grid: Grid
    lowest: tuple[float, ...]
    highest: tuple[float, ...]

    @classmethod
    def of_sorted(cls, values: np.ndarray, knots: np.ndarray) -> NumberSketch:
        """Of finite values in ascending order, shape (values,)."""
        inner = np.searchsorted(values, knots, side="right")
        return cls(
            counts=tuple(np.diff(np.r_[0, inner, len(values)]).tolist()),
            grid=Grid.of_sorted(values),
            lowest=tuple(values[:OUTERMOST].tolist()),
            highest=tuple(values[-OUTERMOST:].tolist()),
        )

    def __add__(self, other: NumberSketch) -> NumberSketch:
        """The sketch of both; they must be of the same knots."""
        counts = np.add(self.counts, other.counts)
        return NumberSketch(
            counts=tuple(counts.tolist()),
            grid=self.grid + other.grid,
            lowest=tuple(sorted(self.lowest + other.lowest)[:OUTERMOST]),
            highest=tuple(sorted(self.highest + other.highest)[-OUTERMOST:]),
        )

    @property
    def rows(self) -> int:
        """Values that were counted."""
        return sum(self.counts)

    def distribution(self, knots: np.ndarray) -> Distribution:
        """What is known of the distribution function. At least one value."""
        rows = self.rows
        parts = [(knots, np.cumsum(self.counts)[:-1]), self.grid.below(), *self._tails(rows)]
        return known_at(parts, rows, self.lowest[0], self.highest[-1])

    def _tails(self, rows: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """At the outermost values and right below them; ties of the innermost kept may have been dropped."""
        low, high = np.asarray(self.lowest), np.asarray(self.highest)
        return [
            (np.nextafter(low, -np.inf), np.searchsorted(low, low, side="left")),
            (low[low < low[-1]], np.searchsorted(low, low[low < low[-1]], side="right")),
            (high, rows - len(high) + np.searchsorted(high, high, side="right")),
            (
                np.nextafter(high[high > high[0]], -np.inf),
                rows - len(high) + np.searchsorted(high, high[high > high[0]], side="left"),
            ),
        ]


def knots_of(values: np.ndarray, steps: Sequence[float]) -> np.ndarray:
    """Where to count, from a reference's values in ascending order, shape (values,): at its quantiles, right below
    those that many rows share, so that a heap at one value is told from a spread, and at the steps, which reach to
    where the reference has nothing."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    if len(starts) <= DISTINCT:
        heaps = points = values[starts]
    else:
        shares = np.linspace(0, 1, QUANTILES + 1)
        quantiles = values[np.maximum(np.ceil(shares * len(values)).astype(int) - 1, 0)]
        points, times = np.unique(quantiles, return_counts=True)
        heaps = points[times > 1]
    return np.unique(np.r_[points, np.nextafter(heaps, -np.inf), steps])
