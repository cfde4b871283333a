"""A histogram whose cells follow from the values alone, so that counts made apart add up to those made at once.

Cells are [k 2^e, (k + 1) 2^e), of which only those that hold a value are kept. The exponent e is the least by which
at most `CELLS` are; a wider one joins neighbours in twos, which loses no count. So the same values give the same
histogram, in whatever chunks and whatever order they came; 2,048 values or fewer are kept to some 18 digits of
the greatest; and an outlier takes one cell, and makes the others coarser only where it lies 10^18 of them away.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lifecycle.base import Frozen

CELLS = 2048
_FINEST = -1074  # below it, float64 holds nothing
_BITS = 62  # of a cell's k, which int64 holds; beyond 53 of them, a cell holds one float64 at most


class Grid(Frozen):
    """The cells that hold a value, ascending by their k, and how many each holds. exponent: e, the least where there
    is no value."""

    exponent: int = Field(default=_FINEST, ge=_FINEST)
    cells: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()

    @classmethod
    def of_sorted(cls, values: np.ndarray) -> Grid:
        """Of finite values in ascending order, shape (values,)."""
        if len(values) == 0:
            return cls()
        least = max(_FINEST, int(np.frexp(max(abs(values[0]), abs(values[-1])))[1]) - _BITS)
        exponent = max(least, _below_the_least(values))
        cells = _cells(values, exponent)
        starts = _starts(cells)
        return cls._coarsened(exponent, cells[starts].astype(np.int64), np.diff(starts, append=len(values)))

    def __add__(self, other: Grid) -> Grid:
        """The histogram of both."""
        if not self.cells or not other.cells:
            return self if self.cells else other
        exponent = max(self.exponent, other.exponent)
        cells = np.concatenate([grid._at(exponent) for grid in (self, other)])
        order = np.argsort(cells, kind="stable")
        return self._coarsened(exponent, cells[order], np.array(self.counts + other.counts)[order])

    def below(self) -> tuple[np.ndarray, np.ndarray]:
        """(points, counts): how many values are at most as large as each point, exactly: at both ends of each cell."""
        cells, upto = np.array(self.cells, dtype=float), np.cumsum(self.counts, dtype=np.int64)
        with np.errstate(over="ignore"):
            starts, ends = np.ldexp(cells, self.exponent), np.ldexp(cells + 1, self.exponent)
        inner = np.maximum(np.nextafter(ends, -np.inf), starts)
        return np.r_[np.nextafter(starts, -np.inf), inner], np.r_[0, upto[:-1], upto]

    def _at(self, exponent: int) -> np.ndarray:
        return np.array(self.cells, dtype=np.int64) >> min(exponent - self.exponent, 63)

    @classmethod
    def _coarsened(cls, exponent: int, cells: np.ndarray, counts: np.ndarray) -> Grid:
        """From ascending cells, the same ones perhaps several times."""
        while True:
            starts = _starts(cells)
            cells, counts = cells[starts], np.add.reduceat(counts, starts)
            if len(cells) <= CELLS:
                return cls(exponent=exponent, cells=tuple(cells.tolist()), counts=tuple(counts.tolist()))
            exponent, cells = exponent + 1, cells >> 1


def _starts(cells: np.ndarray) -> np.ndarray:
    """Where each run of the same cell begins."""
    differs = np.empty(len(cells), dtype=bool)
    differs[0] = True
    np.not_equal(cells[1:], cells[:-1], out=differs[1:])
    return np.flatnonzero(differs)


def _below_the_least(values: np.ndarray) -> int:
    """An exponent that is surely too fine, but not by much, so that few coarsenings follow.

    Values as far apart as a cell is wide lie in different cells, so the width that so many gaps are as large as fills
    more cells than may be. Halves are subtracted, lest the difference overflow.
    """
    if len(values) <= CELLS:
        return _FINEST
    sample = values[:: max(1, len(values) // (4 * CELLS))]
    gap = np.partition(np.diff(sample / 2), -CELLS)[-CELLS]
    return int(np.frexp(gap)[1]) - 1 if gap > 0 else _FINEST


def _cells(values: np.ndarray, exponent: int) -> np.ndarray:
    """The k of each value, float64 without a fraction."""
    # A power of two: exact, and ten times as fast as ldexp.
    cells = values * 2.0**-exponent if abs(exponent) < 1000 else np.ldexp(values, -exponent)
    np.floor(cells, out=cells)
    if exponent > 0:
        cells[(cells == 0) & (values < 0)] = -1  # what was too small to be divided
    return cells
