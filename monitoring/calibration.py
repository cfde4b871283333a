"""How far a window may lie from the reference by chance alone.

A tabulated threshold is wrong at every size but one: PSI > 0.1 alarms on 81 % of drift-free windows of 100 rows.
Here the distance that chance makes is drawn from the reference itself, at the window's own size:

1. windows of n rows are drawn from the reference's shares and measured; the reference of m rows is a
   sample too, which widens the distance by the root of 1 + n/m;
2. the quantile far out that a small false alarm rate over many columns asks for is extrapolated from the squared
   distances: those are sums of squares of nearly normal counts, whose tail is exponential (peaks over threshold);
3. rows that follow each other are alike (seasons, batches): where contiguous windows of the reference lie further
   from it than windows of its shuffled rows do, the distance is widened by that much.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from lifecycle.base import Frozen
from monitoring.cells import CategoryCells, NumberCells

DRAWS = 1000
_PEAKS = 0.1  # share of the draws that the tail is fitted to
_SHUFFLES = 19  # the contiguous windows must beat all of them: one chance in twenty
_WIDTHS = (300, 600, 1200, 2400, 4800, 9600)
_WINDOWS = (4, 40)  # fewest and most windows of a width
DISPERSION_ROWS = 50_000  # the newest rows that dispersion is measured on


class ChanceTail(Frozen):
    """The far tail of the squared distances of drift-free windows, times their rows. peak: what one in ten exceeds;
    excess: by how much in the mean. It does not hang on the rows, so it is drawn once for a reference."""

    peak: float
    excess: float

    def exceeded_with(self, probability: float) -> float:
        """What chance exceeds with that probability, at most one in ten."""
        return self.peak + self.excess * math.log(_PEAKS / probability)


class Dispersion(Frozen):
    """Contiguous windows of so many rows lie `ratio` times as far from the reference as shuffled ones, at least 1."""

    rows: int
    ratio: float


def tail_of(cells: NumberCells, rng: np.random.Generator) -> ChanceTail:
    """The tail of a number's distances, which shrink exactly with the root of the rows (see `NumberCells.chance`)."""
    squared = cells.chance(1, DRAWS, rng) ** 2
    peak = np.quantile(squared, 1 - _PEAKS)
    return ChanceTail(peak=float(peak), excess=float((squared[squared >= peak] - peak).mean()))


def chance_distance(
    cells: NumberCells | CategoryCells,
    rows: int,
    false_alarms: float,
    rng: np.random.Generator,
    tail: ChanceTail | None = None,
) -> float:
    """The distance that a drift-free window of independent rows exceeds with the probability `false_alarms`.

    tail: the cells', drawn before; without it, windows of so many rows are drawn now.
    """
    if tail is not None and false_alarms < _PEAKS:
        return math.sqrt(tail.exceeded_with(false_alarms) * (1 / rows + 1 / sum(cells.counts)))
    squared = cells.chance(rows, DRAWS, rng) ** 2 * (1 + rows / sum(cells.counts))
    if false_alarms >= _PEAKS:
        return float(math.sqrt(np.quantile(squared, 1 - false_alarms)))
    peak = np.quantile(squared, 1 - _PEAKS)
    excess = float((squared[squared >= peak] - peak).mean())
    return math.sqrt(float(peak) + excess * math.log(_PEAKS / false_alarms))


def dispersion_of(
    cells: NumberCells | CategoryCells, places: np.ndarray, rng: np.random.Generator
) -> tuple[Dispersion, ...]:
    """The dispersion by width of window; places: the cell of each row, the oldest first, shape (rows,)."""
    recent = places[-DISPERSION_ROWS:]
    found = []
    for width in _WIDTHS:
        windows = min(len(recent) // width, _WINDOWS[1])
        if windows < _WINDOWS[0]:
            break
        starts = np.linspace(0, len(recent) - width, windows).astype(int)
        contiguous = _mean_square(cells, recent, starts, width)
        shuffled = [_mean_square(cells, rng.permutation(recent), starts, width) for _ in range(_SHUFFLES)]
        clustered = contiguous > max(shuffled) and max(shuffled) > 0
        ratio = math.sqrt(contiguous / float(np.mean(shuffled))) if clustered else 1.0
        found.append(Dispersion(rows=width, ratio=ratio))
    return tuple(found)


def dispersion_at(dispersion: tuple[Dispersion, ...], rows: int) -> float:
    """The ratio at a window's rows, between the measured widths by the logarithm; 1 where nothing was measured."""
    if not dispersion:
        return 1.0
    widths = [math.log(measured.rows) for measured in dispersion]
    return float(np.interp(math.log(max(rows, 1)), widths, [measured.ratio for measured in dispersion]))


def chance_missing(missing: int, reference_rows: int, rows: int, false_alarms: float) -> float:
    """The difference between two missing rates (0..1) that chance exceeds, either way, with that probability.

    Normal approximation of the difference of two shares; half a missing row is added so that a reference without
    any does not claim certainty.
    """
    rate = (missing + 0.5) / (reference_rows + 1)
    deviation = math.sqrt(rate * (1 - rate) * (1 / rows + 1 / reference_rows))
    return NormalDist().inv_cdf(1 - false_alarms / 2) * deviation


def _mean_square(cells: NumberCells | CategoryCells, places: np.ndarray, starts: np.ndarray, width: int) -> float:
    """The mean squared distance of the windows that begin there."""
    size = len(cells.counts)
    rows = places[starts[:, None] + np.arange(width)] + size * np.arange(len(starts))[:, None]
    counts = np.bincount(rows.ravel(), minlength=size * len(starts)).reshape(len(starts), size)
    return float((cells.distance(counts) ** 2).mean())
