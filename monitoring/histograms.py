"""Two columns as shares over the same bars, for drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecycle.columns import ColumnType
from monitoring.profile import usable

BARS = 30
CATEGORIES = 8
_TAIL = 0.005  # on each side; what lies further out counts into the outermost bar


@dataclass(frozen=True)
class Histogram:
    """Shares (they sum to 1) of reference and window by bar.

    Categories have `names`. Numbers have `ends`, what is least and most but for the tails, and `edges` of the bars, one
    more than there are bars.
    """

    reference: tuple[float, ...]
    current: tuple[float, ...]
    ends: tuple[float, float] | None
    names: tuple[str, ...]
    edges: tuple[float, ...] = ()


def histogram(reference: pd.Series, current: pd.Series, type_: ColumnType) -> Histogram | None:
    """Both over common bars; None where neither has a value. One that has none is all zero."""
    then, now = usable(reference, type_).dropna(), usable(current, type_).dropna()
    if then.empty and now.empty:
        return None
    return _of_numbers(then, now, type_) if type_ in ("number", "integer") else _of_categories(then, now)


def _of_numbers(then: pd.Series, now: pd.Series, type_: ColumnType) -> Histogram:
    tails = [np.quantile(values, [_TAIL, 1 - _TAIL]) for values in (then, now) if len(values)]
    low, high = float(min(tail[0] for tail in tails)), float(max(tail[1] for tail in tails))
    if type_ == "integer" and high - low < BARS:
        # A bar a value, instead of bars that hold one value here and two there.
        edges = np.arange(np.floor(low), np.ceil(high) + 2) - 0.5
    else:
        high = high if high > low else low + (abs(low) or 1.0)
        edges = np.linspace(low, high, BARS + 1)
    shares = []
    for values in (then, now):
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)[0]
        shares.append(tuple((counts / max(1, counts.sum())).tolist()))
    return Histogram(shares[0], shares[1], (low, high), (), tuple(edges.tolist()))


def _of_categories(then: pd.Series, now: pd.Series) -> Histogram:
    counts = then.value_counts().add(now.value_counts(), fill_value=0)
    names = counts.sort_values(ascending=False, kind="stable").index.tolist()
    kept = names if len(names) <= CATEGORIES else names[: CATEGORIES - 1]
    rest = len(kept) < len(names)
    shares = []
    for values in (then, now):
        found = (values.value_counts() / max(1, len(values))).reindex(kept, fill_value=0.0).tolist()
        others = [max(0.0, 1.0 - sum(found)) if len(values) else 0.0]
        shares.append(tuple([*found, *others] if rest else found))
    return Histogram(shares[0], shares[1], None, (*map(str, kept), *(("rest",) if rest else ())))
