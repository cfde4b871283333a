"""A window as counts: all that scoring it needs, made in one pass, and adding up over chunks, hours and workers.

Counts are whole numbers, and the outermost values are values; nothing is rounded. So sums are exact, whatever the
order, and a window never has to be in memory at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from monitoring.cells import CategoryCells, NumberCells
from monitoring.errors import require_columns
from monitoring.profile import ColumnProfile, Profile
from monitoring.sketch import NumberSketch
from monitoring.tally import Tally, tally_sorted
from monitoring.values import NUMERIC, category_counts, sorted_numbers

CHUNK = 1 << 18  # rows sorted at once


class ColumnCounts(Frozen):
    """One column. rows: with a value or without. cells: by the reference's cells, empty where it has none.

    sketch: of a number, where the values lie. tally: of a category, or of a number of which the reference holds few
    different values, how often each occurs. None where the profile asks for none.
    """

    rows: int = 0
    missing: int = 0
    cells: tuple[int, ...] = ()
    sketch: NumberSketch | None = None
    tally: Tally | None = None

    def __add__(self, other: ColumnCounts) -> ColumnCounts:
        """Of both."""
        return ColumnCounts(
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            cells=tuple(np.add(self.cells, other.cells).astype(int).tolist()),
            sketch=self.sketch + other.sketch if self.sketch is not None and other.sketch is not None else None,
            tally=self.tally + other.tally if self.tally is not None and other.tally is not None else None,
        )

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing


class WindowCounts(Frozen):
    """A window's columns, in the order of the profile that it was counted by; `profile` is that one's fingerprint.

    `+` adds windows; ValueError where they were counted by different profiles, whose cells differ.
    `model_dump_json` and `model_validate_json` store and restore it.
    """

    profile: str
    columns: tuple[ColumnCounts, ...]

    def __add__(self, other: WindowCounts) -> WindowCounts:
        """Of both."""
        if self.profile != other.profile:
            raise ValueError("these windows were counted by different profiles; count them anew by one")
        columns = tuple(mine + others for mine, others in zip(self.columns, other.columns, strict=True))
        return WindowCounts(profile=self.profile, columns=columns)


def count_window(profile: Profile, frames: pd.DataFrame | Iterable[pd.DataFrame]) -> WindowCounts:
    """The counts of a window, given whole or in parts; of parts, one is held at a time.

    Raises SchemaMismatch where a frame lacks a column.
    """
    names = [column.name for column in profile.columns]
    counters = [_NumberCounter(one) if one.type in NUMERIC else _CategoryCounter(one) for one in profile.columns]
    columns: list[ColumnCounts | None] = [None] * len(counters)
    for frame in [frames] if isinstance(frames, pd.DataFrame) else frames:
        require_columns(names, list(frame.columns), expected=list(frame.columns))
        for place, (name, counter) in enumerate(zip(names, counters, strict=True)):
            values = frame[name]
            for start in range(0, len(values), CHUNK):
                counted, before = counter.count(values.iloc[start : start + CHUNK]), columns[place]
                columns[place] = counted if before is None else before + counted
    nothing = pd.Series([], dtype=object)
    summed = [one or counter.count(nothing) for one, counter in zip(columns, counters, strict=True)]
    return WindowCounts(profile=fingerprint(profile), columns=tuple(summed))


def fingerprint(profile: Profile) -> str:
    """What tells profiles apart whose counts do not add up: by what they count, not by their own counts."""
    digest = hashlib.sha256()
    for column in profile.columns:
        cells, numbers = column.cells, column.numbers
        digest.update(repr((column.name, column.type, column.categories is not None)).encode())
        if isinstance(cells, CategoryCells):
            digest.update(repr(cells.names).encode())
        if isinstance(cells, NumberCells):
            digest.update(np.asarray(cells.edges).tobytes())
        if numbers is not None:
            digest.update(np.asarray(numbers.knots).tobytes() + str(numbers.tally is not None).encode())
    return digest.hexdigest()[:16]


class _NumberCounter:
    """Counts one column of numbers, chunk by chunk: each is sorted, and its counts are places in the order."""

    def __init__(self, column: ColumnProfile) -> None:
        self._edges = np.asarray(column.cells.edges) if isinstance(column.cells, NumberCells) else None
        self._knots = np.asarray(column.numbers.knots) if column.numbers is not None else None
        self._tallies = column.numbers is not None and column.numbers.tally is not None

    def count(self, values: pd.Series) -> ColumnCounts:
        present = sorted_numbers(values)
        cells: list[int] = []
        if self._edges is not None:
            upto = np.searchsorted(present, self._edges[:-1], side="right")
            cells = np.diff(np.r_[0, upto, len(present)]).tolist()
        return ColumnCounts(
            rows=len(values),
            missing=len(values) - len(present),
            cells=tuple(cells),
            sketch=NumberSketch.of_sorted(present, self._knots) if self._knots is not None else None,
            tally=tally_sorted(present) if self._tallies else None,
        )


class _CategoryCounter:
    """Counts one column of categories or booleans."""

    def __init__(self, column: ColumnProfile) -> None:
        self._type = column.type
        self._cells = column.cells if isinstance(column.cells, CategoryCells) else None
        self._tallies = column.categories is not None

    def count(self, values: pd.Series) -> ColumnCounts:
        found = category_counts(values, self._type)
        cells: list[int] = []
        if self._cells is not None:
            cells = [found.get(name, 0) for name in self._cells.names]
            cells.append(sum(found.values()) - sum(cells))
        return ColumnCounts(
            rows=len(values),
            missing=len(values) - sum(found.values()),
            cells=tuple(cells),
            tally=Tally.of(found.items()) if self._tallies else None,
        )
