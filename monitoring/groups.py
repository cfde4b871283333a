"""Which group of a sensitive column a row belongs to. Numbers are cut by quantiles of the reference."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column, ColumnType
from monitoring.errors import require_columns
from monitoring.profile import usable

MISSING = "(missing)"
BINS = 4


class Grouping(Frozen):
    """How a column falls into groups. edges: of a number, where it is cut; a value on an edge is below it."""

    column: str
    type: ColumnType
    edges: tuple[float, ...] = ()

    def of(self, values: pd.Series) -> pd.Series:
        """The group of each row, text, same index; rows without a value are a group of their own."""
        present = usable(values, self.type)
        if self.type not in ("number", "integer"):
            return present.astype(object).where(present.notna(), MISSING).astype(str)
        names = np.asarray([*_names(self.edges), MISSING], dtype=object)
        places = np.searchsorted(np.asarray(self.edges), present.to_numpy(), side="left")
        places[present.isna().to_numpy()] = len(names) - 1
        return pd.Series(names[places], index=values.index)


def groupings(reference: pd.DataFrame, columns: Sequence[Column], bins: int = BINS) -> tuple[Grouping, ...]:
    """The groups of the sensitive columns; they are JSON, so that every window falls into the same ones.

    Raises SchemaMismatch where the reference lacks a column.
    """
    require_columns([column.name for column in columns], [str(name) for name in reference.columns])
    return tuple(_grouping(reference[column.name], column, bins) for column in columns)


def grouped(frame: pd.DataFrame, by: Sequence[Grouping]) -> pd.DataFrame:
    """The group of each row, a column each. Raises SchemaMismatch where the frame lacks one."""
    require_columns([grouping.column for grouping in by], [str(name) for name in frame.columns])
    return pd.DataFrame({grouping.column: grouping.of(frame[grouping.column]) for grouping in by}, index=frame.index)


def _grouping(values: pd.Series, column: Column, bins: int) -> Grouping:
    if not column.numeric:
        return Grouping(column=column.name, type=column.type)
    present = usable(values, column.type).dropna().to_numpy()
    if len(present) == 0:
        return Grouping(column=column.name, type=column.type)
    inner = np.quantile(present, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    edges = np.unique(inner[inner < present.max()])  # nobody of the reference is above its largest value
    return Grouping(column=column.name, type=column.type, edges=tuple(edges.tolist()))


def _names(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["any value"]
    between = [f"over {low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
    return [f"up to {edges[0]:g}", *between, f"over {edges[-1]:g}"]
