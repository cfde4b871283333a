"""One column in figures and as a chart, window beside reference, as plain values that any report can show."""

from __future__ import annotations

from typing import Any

import pandas as pd

from monitoring.drift import ColumnDrift
from monitoring.drift_table import CLASSICAL
from monitoring.histograms import Histogram, histogram
from monitoring.svg import BLUE, GREY, RED
from monitoring.values import NUMERIC

Fact = tuple[str, str, str]  # what, of the window, of the reference; empty where there is nothing to tell


def column_facts(drift: ColumnDrift, reference: pd.Series, current: pd.Series) -> list[Fact]:
    """What is missing and the classical statistics are of all rows; between them, what the rows at hand hold."""
    missing = ("missing", f"{drift.missing_rate:.1%}", f"{drift.reference_missing_rate:.1%}")
    return [missing, *_value_facts(drift, reference.dropna(), current.dropna()), *_classical_facts(drift)]


def column_verdict(drift: ColumnDrift) -> str:
    """The verdict in words, with what it rests on."""
    told = drift.verdict
    if drift.score is not None and drift.threshold is not None:
        told += f": {drift.statistic} {drift.score:.4f} {'>' if drift.values_drifted else '≤'} {drift.threshold:.4f}"
    return told


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


def _classical_facts(drift: ColumnDrift) -> list[Fact]:
    return [(CLASSICAL[name], f"{value:.4f}", "") for name, value in drift.classical.items() if name in CLASSICAL]


def _value_facts(drift: ColumnDrift, reference: pd.Series, current: pd.Series) -> list[Fact]:
    if drift.type not in NUMERIC:
        return [("most common", _most_common(current), _most_common(reference))]
    facts = [
        (name, _number(getattr(current, of)()), _number(getattr(reference, of)()))
        for name, of in (("mean", "mean"), ("standard deviation", "std"), ("median", "median"))
    ]
    return [*facts, ("range", _range(current), _range(reference))]


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.5g}"


def _range(values: pd.Series) -> str:
    return "" if values.empty else f"{_number(values.min())} to {_number(values.max())}"


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
        "height": 300,
        "margin": {"l": 50, "r": 10, "t": 30, "b": 40},
        "legend": {"orientation": "h", "y": -0.15},
        "yaxis": {"tickformat": ".0%", "title": {"text": "share of rows"}},
        "xaxis": {"type": "category" if values.ends is None else "linear"},
    }
