"""How far a window may lie from the reference by chance alone.

A tabulated threshold is wrong at every size but one: PSI > 0.1 alarms on 81 % of drift-free windows of 100 rows.
Here the distance that chance makes is drawn from the reference itself, at the window's own size:

1. windows of n rows are drawn from the reference's shares and measured; the reference of m rows is a
   sample too, which widens the distance by the root of 1 + n/m;
2. the quantile far out that a small false alarm rate over many columns asks for is extrapolated from the squared
   distances: those are sums of squares of nearly normal counts, whose tail is exponential (peaks over threshold);
3. rows that follow each other are alike (seasons, batches): where contiguous windows of the reference lie further
   from it than windows of independent rows would, the distance is widened by that much.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from lifecycle.base import Frozen
from monitoring.cells import CategoryCells, NumberCells

DRAWS = 1000
_PEAKS = 0.1  # share of the draws that the tail is fitted to
_UNLIKELY = 2.3  # standard errors: windows that chance puts so far apart once in a hundred times are clustered
_NARROWEST = 300  # rows of a window
_FEWEST_WINDOWS = 4
_BORROWED = 8  # windows that the narrower width counts for


class ChanceTail(Frozen):
    """The far tail of the squared distances of drift-free windows, times their rows. peak: what one in ten exceeds;
    excess: by how much in the mean. It does not hang on the rows, so it is drawn once for a reference."""

    peak: float
    excess: float

    def exceeded_with(self, probability: float) -> float:
        """What chance exceeds with that probability, at most one in ten."""
        return self.peak + self.excess * math.log(_PEAKS / probability)


class Dispersion(Frozen):
    """Contiguous windows of so many rows lie `ratio` times as far from the reference as independent rows would, at
    least 1; farthest: the one that lies farthest, 0 where the ratio is 1."""

    rows: int
    ratio: float
    farthest: float = 0.0


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
    """The dispersion by width of window, doubled up to a quarter of the reference, so that it covers its seasons.

    places: the cell of each row, the oldest first, shape (rows,). The windows of a width lie end to end. Chance alone
    is drawn; rows that are drawn without putting them back differ from the whole by less. A width of few windows
    borrows from the narrower one: a handful may lie near by chance, which would put the threshold too near.
    """
    found: list[Dispersion] = []
    width, times = _NARROWEST, 1.0
    while (windows := len(places) // width) >= _FEWEST_WINDOWS:
        contiguous = _squared_distances(cells, places, width)
        squared = cells.chance(width, DRAWS, rng) ** 2 * (1 - width / len(places))
        if not squared.any():
            break
        borrowed = _BORROWED if found else 0
        times = (windows * float(contiguous.mean() / squared.mean()) + borrowed * times) / (windows + borrowed)
        error = float(squared.std() / squared.mean()) / math.sqrt(windows + borrowed)
        clustered = times > 1 + _UNLIKELY * error
        ratio, farthest = (math.sqrt(times), math.sqrt(contiguous.max())) if clustered else (1.0, 0.0)
        found.append(Dispersion(rows=width, ratio=ratio, farthest=farthest))
        width *= 2
    return tuple(found)


def dispersed(chance: float, dispersion: tuple[Dispersion, ...], rows: int) -> float:
    """The distance that a drift-free window of a clustered reference exceeds about as seldom as one of independent rows
    exceeds `chance`; chance itself where nothing was measured.

    Widened by the ratio, between the measured widths by the logarithm, and no nearer than the farthest window of the
    reference of no more rows. The ratio suffices for a wave; a day of the week that is unlike the others lies farther,
    and farther than any window that holds a part of it.
    """
    if not dispersion:
        return chance
    widths = [math.log(measured.rows) for measured in dispersion]
    ratio = float(np.interp(math.log(max(rows, 1)), widths, [measured.ratio for measured in dispersion]))
    narrower = [measured.farthest for measured in dispersion if measured.rows <= rows]
    return max(chance * ratio, narrower[-1] if narrower else dispersion[0].farthest)


def chance_missing(missing: int, reference_rows: int, rows: int, false_alarms: float) -> float:
    """The difference between two missing rates (0..1) that chance exceeds, either way, with that probability.

    Normal approximation of the difference of two shares; half a missing row is added so that a reference without
    any does not claim certainty.
    """
    rate = (missing + 0.5) / (reference_rows + 1)
    deviation = math.sqrt(rate * (1 - rate) * (1 / rows + 1 / reference_rows))
    return NormalDist().inv_cdf(1 - false_alarms / 2) * deviation


def _squared_distances(cells: NumberCells | CategoryCells, places: np.ndarray, width: int) -> np.ndarray:
    """Of the windows of that width, end to end; shape (windows,)."""
    size, windows = len(cells.counts), len(places) // width
    rows = places[: windows * width].reshape(windows, width) + size * np.arange(windows)[:, None]
    counts = np.bincount(rows.ravel(), minlength=size * windows).reshape(windows, size)
    return np.asarray(cells.distance(counts) ** 2)
