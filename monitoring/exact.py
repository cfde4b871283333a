"""The classical statistics to the last digit, from values that are all kept, sorted.

Where a reference may be held in memory (8 bytes a number), a window's scores are Evidently's to 1e-6 and better. A
stored profile (`monitoring.profile`) gives them within 1e-3, in kilobytes, and from counts that add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from monitoring.classical import FEW_VALUES, SMALLEST_NORM, by_value, share_scores, sturges_edges, value_scores
from monitoring.errors import require_columns
from monitoring.tally import Tally, tally_sorted
from monitoring.values import category_counts, sorted_numbers

Values = np.ndarray | Tally


@dataclass(frozen=True, eq=False)
class SortedColumn:
    """One column of the reference: its numbers ascending, float64, or the tally of its categories."""

    column: Column
    values: Values


def sort_reference(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[SortedColumn, ...]:
    """The reference, kept. Raises SchemaMismatch where the frame lacks a column."""
    require_columns([column.name for column in columns], list(frame.columns), expected=list(frame.columns))
    return tuple(SortedColumn(column, _values(frame[column.name], column)) for column in columns)


def exact_scores(reference: Sequence[SortedColumn], window: pd.DataFrame) -> dict[str, dict[str, float]]:
    """By column, the statistics by name (`monitoring.classical`); none where a side holds no value.

    A column at a time, so that no more than one is held sorted. Raises SchemaMismatch where the window lacks one.
    """
    names = [kept.column.name for kept in reference]
    require_columns(names, list(window.columns), expected=list(window.columns))
    return {kept.column.name: _scores(kept, _values(window[kept.column.name], kept.column)) for kept in reference}


def _values(values: pd.Series, column: Column) -> Values:
    if column.numeric:
        return sorted_numbers(values)
    return Tally.of(category_counts(values, column.type).items())


def _scores(kept: SortedColumn, now: Values) -> dict[str, float]:
    then = kept.values
    if isinstance(then, Tally) or isinstance(now, Tally):
        return value_scores(then, now) if isinstance(then, Tally) and isinstance(now, Tally) else {}
    if len(then) == 0 or len(now) == 0:
        return {}
    distance, greatest = _apart(then, now)
    scores = {"wasserstein": distance / max(float(np.std(then)), SMALLEST_NORM), "ks": greatest}
    few = tally_sorted(then)
    if few.pairs is not None and len(few.pairs) <= FEW_VALUES:
        pair = by_value(few, tally_sorted(now))
        return scores if pair is None else {**scores, **share_scores(*pair)}
    edges = sturges_edges(
        min(then[0], now[0]), max(then[-1], now[-1]), len(then) + len(now), kept.column.type == "integer"
    )
    return {**scores, **share_scores(_binned(then, edges), _binned(now, edges))}


def _apart(then: np.ndarray, now: np.ndarray) -> tuple[float, float]:
    """(area between, greatest difference of) the distribution functions, which jump at the values alone."""
    both = np.concatenate([then, now])
    both.sort()
    points = both[np.flatnonzero(np.r_[both[1:] != both[:-1], True])]
    apart = np.searchsorted(then, points, side="right") / len(then)
    apart -= np.searchsorted(now, points, side="right") / len(now)
    np.abs(apart, out=apart)
    return float(apart[:-1] @ np.diff(points)), float(apart.max())


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    upto = np.searchsorted(values, edges[1:-1], side="left")
    return np.diff(np.r_[0, upto, len(values)]).astype(float)
