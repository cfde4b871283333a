"""Where to look first: the groups of rows that a window holds more or fewer of than the reference does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.investigation import Segment
from monitoring.coercion import to_categories, to_numbers

_RANGES = 4  # quarters of the reference
_CLEAR = 3.5  # standard errors: many groups are looked at
_CATEGORIES = 50  # of a column: the most frequent ones
_ROWS = 50_000  # a sample is enough to say where to look


def suspect_segments(
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[Column], most: int = 6
) -> list[Segment]:
    """At most so many, those first whose share moved furthest in standard errors.

    Of a category its values, of a number the quarters of the reference, and what is missing. Columns that either frame
    lacks are left out.
    """
    reference, current = _sample(reference), _sample(current)
    if reference.empty or current.empty:
        return []
    found = [
        (_moved(segment, len(reference), len(current)), segment)
        for column in columns
        if column.name in reference and column.name in current
        for segment in _segments(column, reference[column.name], current[column.name])
    ]
    found.sort(key=lambda one: one[0], reverse=True)
    return [segment for moved, segment in found[:most] if moved > _CLEAR]


def _segments(column: Column, reference: pd.Series, current: pd.Series) -> Iterator[Segment]:
    parted = _by_category if column.type in ("category", "boolean") else _by_range
    then, now = parted(reference, current)
    for name in then.index.union(now.index):
        share, before = float(now.get(name, 0.0)), float(then.get(name, 0.0))
        yield Segment(column=column.name, values=str(name), share=share, reference_share=before)


def _by_category(reference: pd.Series, current: pd.Series) -> tuple[pd.Series, pd.Series]:
    then, now = to_categories(reference).fillna("missing"), to_categories(current).fillna("missing")
    known = pd.concat([then, now]).value_counts().index[:_CATEGORIES]
    return then[then.isin(known)].value_counts() / len(then), now[now.isin(known)].value_counts() / len(now)


def _by_range(reference: pd.Series, current: pd.Series) -> tuple[pd.Series, pd.Series]:
    then, now = to_numbers(reference), to_numbers(current)
    if then.notna().sum() == 0:
        return pd.Series(dtype=float), pd.Series(dtype=float)
    cuts = np.unique(np.quantile(then.dropna(), np.linspace(0, 1, _RANGES + 1)[1:-1]))
    names = [f"up to {cuts[0]:.4g}"]
    names += [f"over {low:.4g} up to {high:.4g}" for low, high in pairwise(cuts)]
    names.append(f"over {cuts[-1]:.4g}")

    def shares(values: pd.Series) -> pd.Series:
        places = np.searchsorted(cuts, values.to_numpy(), side="left")
        named = pd.Series([names[place] for place in places], index=values.index).where(values.notna(), "missing")
        return named.value_counts() / len(values)

    return shares(then), shares(now)


def _moved(segment: Segment, reference_rows: int, rows: int) -> float:
    """How many standard errors lie between the two shares."""
    pooled = (segment.share * rows + segment.reference_share * reference_rows) / (rows + reference_rows)
    error = math.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / reference_rows))
    return abs(segment.share - segment.reference_share) / error if error > 0 else 0.0


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(_ROWS, random_state=0) if len(frame) > _ROWS else frame
