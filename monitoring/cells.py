"""Cells that a column's values fall into, and the distance between two sets of counts over them.

Everything that scores, calibrates or draws works on counts, so a window of a million rows costs one pass. Both
distances shrink with the square root of the rows where there is no drift, which is what calibration relies on.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from lifecycle.base import Frozen

QUANTILES = 100
EVEN_STEPS = 100
CATEGORIES = 50  # the most frequent; the rest, and what is new, share one cell
_TAIL = 0.005  # of the reference, on each side, that outliers may sit in
_REACH = 3.0  # scales beyond the tails at which a value counts as just "far"


class NumberCells(Frozen):
    """Cells of a number: (-inf, edges[0]], (edges[0], edges[1]], ...; what lies beyond the last edge counts there.

    scale: the reference's standard deviation with its outermost halves of a per cent drawn in. The edges end three
    scales beyond those, so no single outlier, however far, moves a score by more than about six scales / rows.
    """

    kind: Literal["number"] = "number"
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    scale: float

    @property
    def statistic(self) -> str:
        return "normed Wasserstein distance"

    @property
    def floor(self) -> float:
        """Effects below a tenth of a standard deviation are of no consequence, however sure."""
        return 0.1

    def place(self, values: np.ndarray) -> np.ndarray:
        """The cell of each value, shape (values,)."""
        return np.minimum(np.searchsorted(np.asarray(self.edges), values, side="left"), len(self.edges) - 1)

    def chance(self, rows: int, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Distances of drift-free windows of so many rows, shape (draws,).

        Counts of that many cells are as good as normal: the distribution functions differ by a Brownian bridge
        over the root of the rows (Donsker), drawn cell by cell. Ten times as fast as drawing counts.
        """
        shares = _shares(np.asarray([self.counts]))
        steps = rng.standard_normal((draws, shares.shape[1])) * np.sqrt(shares / rows)
        path = np.cumsum(steps, axis=1)
        bridge = np.abs(path - path[:, -1:] * np.cumsum(shares, axis=1))
        return np.asarray(bridge[:, :-1] @ np.diff(self.edges) / self.scale)

    def distance(self, counts: np.ndarray) -> np.ndarray:
        """Normed first Wasserstein distance to the reference: the area between the distribution functions over the
        scale. counts: shape (windows, cells); answer (windows,), in reference standard deviations."""
        edges = np.asarray(self.edges)
        apart = np.abs(_cumulative(counts) - _cumulative(np.asarray([self.counts])))
        return np.asarray(apart[:, :-1] @ np.diff(edges) / self.scale)


class CategoryCells(Frozen):
    """Cells of a category or boolean: one each, and a last one for all others."""

    kind: Literal["category"] = "category"
    names: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def statistic(self) -> str:
        return "Jensen-Shannon distance"

    @property
    def floor(self) -> float:
        """A small effect: Cohen's w is about 2.8 times it, 0.14; an even share would move from 50 to 57 %."""
        return 0.05

    def place(self, values: np.ndarray) -> np.ndarray:
        """The cell of each value, shape (values,)."""
        places = {name: place for place, name in enumerate(self.names)}
        return np.fromiter((places.get(value, len(self.names)) for value in values), dtype=np.int64, count=len(values))

    def chance(self, rows: int, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Distances of drift-free windows of so many rows, shape (draws,). Rare categories are far from normal, so
        the counts themselves are drawn."""
        return self.distance(rng.multinomial(rows, _shares(np.asarray([self.counts]))[0], size=draws))

    def distance(self, counts: np.ndarray) -> np.ndarray:
        """Jensen-Shannon distance to the reference (the root of the divergence in nats, 0..0.83; Lin 1991).
        counts: shape (windows, cells); answer (windows,)."""
        p = _shares(np.asarray([self.counts]))
        q = _shares(counts)
        middle = (p + q) / 2
        divergence = (_entropy_terms(p, middle) + _entropy_terms(q, middle)).sum(axis=1) / 2
        return np.sqrt(np.maximum(divergence, 0.0))


Cells = Annotated[NumberCells | CategoryCells, Field(discriminator="kind")]


def number_cells(values: np.ndarray) -> NumberCells:
    """Cells for finite values, shape (values,), at least one."""
    tails = np.quantile(values, [_TAIL, 1 - _TAIL])
    scale = _scale(values, tails)
    low, high = tails[0] - _REACH * scale, tails[1] + _REACH * scale
    # Quantiles see skewed and discrete values exactly, even steps see where the reference has none.
    quantiles = np.quantile(values, np.linspace(0, 1, QUANTILES + 1), method="inverted_cdf")
    edges = np.unique(np.clip(np.r_[quantiles, np.linspace(low, high, EVEN_STEPS + 1)], low, high))
    cells = NumberCells(edges=tuple(edges.tolist()), counts=(0,) * len(edges), scale=scale)
    return cells.model_copy(update={"counts": tuple(count_cells(cells, cells.place(values)).tolist())})


def category_cells(values: np.ndarray) -> CategoryCells:
    """Cells for texts, shape (values,), at least one."""
    names, counts = np.unique(values.astype(str), return_counts=True)
    order = np.lexsort((names, -counts))[:CATEGORIES]
    kept = counts[order].tolist()
    return CategoryCells(names=tuple(names[order].tolist()), counts=(*kept, int(len(values) - sum(kept))))


def count_cells(cells: NumberCells | CategoryCells, places: np.ndarray) -> np.ndarray:
    """How many values fall into each cell, shape (cells,)."""
    return np.bincount(places, minlength=len(cells.counts))


def _scale(values: np.ndarray, tails: np.ndarray) -> float:
    """A spread that a few outliers do not move. Of a constant: its size, or one."""
    with np.errstate(over="ignore"):
        spreads = np.std(np.clip(values, *tails)), np.std(values), abs(values[0])
    for spread in spreads:
        # Beyond what floating point calls the same.
        if np.isfinite(spread) and spread > 1e-12 * max(1.0, abs(tails[0]), abs(tails[1])):
            return float(spread)
    return 1.0


def _cumulative(counts: np.ndarray) -> np.ndarray:
    return np.cumsum(_shares(counts), axis=1)


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(axis=1, keepdims=True)


def _entropy_terms(p: np.ndarray, middle: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / middle), 0.0)
