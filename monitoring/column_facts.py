"""One column in figures and as a chart, window beside reference, as plain values that any report can show."""

from __future__ import annotations

from typing import Any

import pandas as pd

from monitoring.drift import ColumnDrift
from monitoring.drift_table import CLASSICAL
from monitoring.histograms import Histogram, histogram
from monitoring.svg import BLUE, GREY, RED

Fact = tuple[str, str, str]  # what, of the window, of the reference; empty where there is nothing to tell
_NUMERIC = ("number", "integer")


def column_facts(drift: ColumnDrift, reference: pd.Series, current: pd.Series) -> list[Fact]:
    """The verdict's figures first, which are of all rows; then what the rows at hand hold, which may be a sample."""
    return [*_verdict_facts(drift), *_value_facts(drift, reference.dropna(), current.dropna())]


def column_chart(drift: ColumnDrift, reference: pd.Series, current: pd.Series) -> dict[str, Any] | None:
    """Shares by bar, as plotly's `data` and `layout`; None where neither side holds a value."""
    values = histogram(reference, current, drift.type)
    if values is None:
        return None
    colour = RED if drift.drifted else BLUE
    x = list(values.names) if values.ends is None else _centres(values)
    window: dict[str, Any] = {"name": "window", "x": x, "y": list(values.current)}
    then: dict[str, Any] = {"type": "bar", "name": "reference", "x": x, "y": list(values.reference)}
    then["marker"] = {"color": GREY}
    if values.ends is None:
        window |= {"type": "bar", "marker": {"color": colour}}
    else:
        window |= {"type": "scatter", "mode": "lines", "line": {"color": colour, "width": 2, "shape": "hvh"}}
    return {"data": [then, window], "layout": _layout(values)}


def _verdict_facts(drift: ColumnDrift) -> list[Fact]:
    facts = []
    if drift.score is not None and drift.threshold is not None:
        facts += [(f"score ({drift.statistic})", f"{drift.score:.4f}", ""), ("threshold", f"{drift.threshold:.4f}", "")]
    facts.append(("missing", f"{drift.missing_rate:.1%}", f"{drift.reference_missing_rate:.1%}"))
    known = [(CLASSICAL[name], f"{value:.4f}", "") for name, value in drift.classical.items() if name in CLASSICAL]
    return [*facts, *known]


def _value_facts(drift: ColumnDrift, reference: pd.Series, current: pd.Series) -> list[Fact]:
    if drift.type not in _NUMERIC:
        return [("most common", _most_common(current), _most_common(reference))]
    return [
        (name, _number(getattr(current, of)()), _number(getattr(reference, of)()))
        for name, of in (("mean", "mean"), ("deviation", "std"), ("least", "min"), ("median", "median"), ("most", "max"))
    ]


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.5g}"


def _most_common(values: pd.Series) -> str:
    if values.empty:
        return ""
    counts = values.value_counts(normalize=True)
    return f"{counts.index[0]} ({counts.iloc[0]:.0%})"


def _centres(values: Histogram) -> list[float]:
    low, high = values.edges[0], values.edges[-1]
    width = (high - low) / len(values.current)
    return [low + (place + 0.5) * width for place in range(len(values.current))]


def _layout(values: Histogram) -> dict[str, Any]:
    return {
        "bargap": 0.0 if values.ends is not None else 0.2,
        "height": 260,
        "margin": {"l": 50, "r": 10, "t": 10, "b": 40},
        "legend": {"orientation": "h", "y": 1.15},
        "yaxis": {"tickformat": ".0%", "title": {"text": "share of rows"}},
        "xaxis": {"type": "category" if values.ends is None else "linear"},
    }
