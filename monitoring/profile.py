"""The reference in some ten kilobytes a column: all that scoring a window against it needs, and no row of it.

Single values do stand in it, a column by itself: the outermost ones, categories, and each of a reference so small that
it has no more than 2,048. Keep it where the reference may be kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column, ColumnType
from monitoring.calibration import DISPERSION_ROWS, ChanceTail, Dispersion, dispersion_of, tail_of
from monitoring.cells import CategoryCells, Cells, NumberCells, category_cells, number_cells
from monitoring.errors import require_columns
from monitoring.sketch import NumberSketch, knots_of
from monitoring.tally import Tally, tally_sorted
from monitoring.values import usable

__all__ = ["ColumnProfile", "NumberReference", "Profile", "reference_profile", "usable"]

FEW_VALUES = 20  # up to so many, numbers are compared value by value, as Evidently does


class NumberReference(Frozen):
    """Where a number's reference values lie, for the classical statistics.

    deviation: their standard deviation, outliers and all. tally: each value, where there are at most 20.
    """

    knots: tuple[float, ...]
    sketch: NumberSketch
    deviation: float
    tally: Tally | None


class ColumnProfile(Frozen):
    """One column of the reference.

    cells: the counts by which windows are compared; none where the reference holds no value. missing: rows that
    hold no usable value (null, infinite, not of the type). dispersion: how much more contiguous windows of the
    reference differ from it than shuffled ones do, by the window's rows. tail: of a number, how far chance takes a
    window. numbers, categories: what the classical statistics need, of the one type or the other; none where the
    reference holds no value.
    """

    name: str
    type: ColumnType
    rows: int
    missing: int
    cells: Cells | None
    dispersion: tuple[Dispersion, ...] = ()
    tail: ChanceTail | None = None
    numbers: NumberReference | None = None
    categories: Tally | None = None

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def missing_rate(self) -> float:
        """0..1; 0 for a reference without rows."""
        return self.missing / self.rows if self.rows else 0.0


class Profile(Frozen):
    """What windows are held against. `model_dump_json` and `model_validate_json` store and restore it."""

    rows: int
    columns: tuple[ColumnProfile, ...]

    def for_decisions(self) -> Profile:
        """Without what only the classical statistics need: a tenth of the size, and windows are counted in less time.
        The verdicts are the same."""
        light = (column.model_copy(update={"numbers": None, "categories": None}) for column in self.columns)
        return self.model_copy(update={"columns": tuple(light)})


def reference_profile(frame: pd.DataFrame, columns: Sequence[Column], *, seed: int = 0) -> Profile:
    """The profile of a reference: rows nobody trained on, the oldest first (their order tells seasons from drift).

    Raises SchemaMismatch where the frame lacks a column.
    """
    require_columns([column.name for column in columns], list(frame.columns), expected=list(frame.columns))
    profiles = tuple(_profile(frame[column.name], column, seed + place) for place, column in enumerate(columns))
    return Profile(rows=len(frame), columns=profiles)


def _profile(values: pd.Series, column: Column, seed: int) -> ColumnProfile:
    present = usable(values, column.type).dropna().to_numpy()
    missing = len(values) - len(present)
    if len(present) == 0:
        return ColumnProfile(name=column.name, type=column.type, rows=len(values), missing=missing, cells=None)
    newest = present[-DISPERSION_ROWS:]
    if column.numeric:
        present = np.sort(present)
    cells = number_cells(present) if column.numeric else category_cells(present)
    return ColumnProfile(
        name=column.name,
        type=column.type,
        rows=len(values),
        missing=missing,
        cells=cells,
        dispersion=dispersion_of(cells, cells.place(newest), np.random.default_rng(seed)),
        tail=tail_of(cells, np.random.default_rng([seed, 1])) if isinstance(cells, NumberCells) else None,
        numbers=_numbers(present, cells.edges) if isinstance(cells, NumberCells) else None,
        categories=_categories(present) if isinstance(cells, CategoryCells) else None,
    )


def _numbers(ordered: np.ndarray, edges: Sequence[float]) -> NumberReference:
    knots = knots_of(ordered, edges)
    tally = tally_sorted(ordered)
    with np.errstate(over="ignore"):
        deviation = float(np.std(ordered))
    return NumberReference(
        knots=tuple(knots.tolist()),
        sketch=NumberSketch.of_sorted(ordered, knots),
        deviation=deviation if np.isfinite(deviation) else float(np.finfo(float).max),
        tally=tally if tally.pairs is not None and len(tally.pairs) <= FEW_VALUES else None,
    )


def _categories(values: np.ndarray) -> Tally:
    names, counts = np.unique(values.astype(str), return_counts=True)
    return Tally.of(zip(names.tolist(), counts.tolist(), strict=True))
