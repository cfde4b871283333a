"""The reference in a few kilobytes: all that scoring a window against it needs, and no row of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column, ColumnType
from monitoring.calibration import Dispersion, dispersion_of
from monitoring.cells import Cells, category_cells, number_cells
from monitoring.coercion import to_booleans, to_categories, to_numbers
from monitoring.errors import require_columns


class ColumnProfile(Frozen):
    """One column of the reference.

    cells: the counts by which windows are compared; none where the reference holds no value. missing: rows that
    hold no usable value (null, infinite, not of the type). dispersion: how much more contiguous windows of the
    reference differ from it than shuffled ones do, by the window's rows.
    """

    name: str
    type: ColumnType
    rows: int
    missing: int
    cells: Cells | None
    dispersion: tuple[Dispersion, ...] = ()

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


def reference_profile(frame: pd.DataFrame, columns: Sequence[Column], *, seed: int = 0) -> Profile:
    """The profile of a reference: rows nobody trained on, the oldest first (their order tells seasons from drift).

    Raises SchemaMismatch where the frame lacks a column.
    """
    require_columns([column.name for column in columns], list(frame.columns), expected=list(frame.columns))
    profiles = tuple(_profile(frame[column.name], column, seed + place) for place, column in enumerate(columns))
    return Profile(rows=len(frame), columns=profiles)


def usable(values: pd.Series, type_: ColumnType) -> pd.Series:
    """The column's values as they are compared: float64 or text; missing where there is none of that type."""
    if type_ in ("number", "integer"):
        return to_numbers(values)
    if type_ == "boolean":
        return to_booleans(values).map({1.0: "true", 0.0: "false"}).astype(object)
    return to_categories(values)


def _profile(values: pd.Series, column: Column, seed: int) -> ColumnProfile:
    present = usable(values, column.type).dropna().to_numpy()
    missing = len(values) - len(present)
    if len(present) == 0:
        return ColumnProfile(name=column.name, type=column.type, rows=len(values), missing=missing, cells=None)
    cells = number_cells(present) if column.numeric else category_cells(present)
    return ColumnProfile(
        name=column.name,
        type=column.type,
        rows=len(values),
        missing=missing,
        cells=cells,
        dispersion=dispersion_of(cells, cells.place(present), np.random.default_rng(seed)),
    )
