"""Reference and window side by side, column by column, as one SVG that stands alone and loads nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from monitoring.drift import ColumnDrift
from monitoring.drift_table import worst_first
from monitoring.histograms import Histogram, histogram
from monitoring.svg import BLUE, FAINT, GREY, INK, RED, document, label, short

PANELS = 24  # more are no overview; the worst come first
_ACROSS = 3
_WIDTH, _HEIGHT = 300, 190  # of a panel, pixels
_LEFT, _TOP, _PLOT_WIDTH, _PLOT_HEIGHT = 14, 56, 272, 104
_HEADER = 34


def drift_picture(reference: pd.DataFrame, current: pd.DataFrame, drift_results: Sequence[ColumnDrift]) -> str:
    """SVG text: a panel a column, the reference filled in grey, the window outlined, both as shares of their rows.

    Columns that neither frame has, and those beyond the 24 worst, are left out; the header says how many.
    """
    known = [drift for drift in drift_results if drift.column in reference and drift.column in current]
    shown = worst_first(known)[:PANELS]
    height = _HEADER + max(1, math.ceil(len(shown) / _ACROSS)) * _HEIGHT
    width = _ACROSS * _WIDTH
    summary = _summary(drift_results, len(shown))
    parts = _header(len(reference), len(current), summary)
    for place, drift in enumerate(shown):
        x, y = place % _ACROSS * _WIDTH, _HEADER + place // _ACROSS * _HEIGHT
        values = histogram(reference[drift.column], current[drift.column], drift.type)
        parts += [f'<g transform="translate({x} {y})">', *_panel(drift, values), "</g>"]
    return document(width, height, summary, parts)


def _summary(drifts: Sequence[ColumnDrift], shown: int) -> str:
    drifted = sum(drift.drifted for drift in drifts)
    unclear = sum(not drift.drifted and not drift.conclusive for drift in drifts)
    told = f"{drifted} of {len(drifts)} columns drifted"
    told += f", {unclear} inconclusive" if unclear else ""
    return told + (f"; {len(drifts) - shown} not shown" if shown < len(drifts) else "")


def _header(reference_rows: int, rows: int, summary: str) -> list[str]:
    return [
        label(_LEFT, 21, summary, INK, size=14, bold=True),
        f'<rect x="420" y="11" width="14" height="11" fill="{GREY}"/>',
        label(440, 21, f"reference, {reference_rows:,} rows", FAINT),
        f'<path d="M620 17h14" stroke="{BLUE}" stroke-width="2"/>',
        f'<path d="M638 17h14" stroke="{RED}" stroke-width="2"/>',
        label(658, 21, f"window, {rows:,} rows (red: drifted)", FAINT),
    ]


def _panel(drift: ColumnDrift, values: Histogram | None) -> list[str]:
    colour = RED if drift.drifted else BLUE
    verdict = "inconclusive" if not drift.drifted and not drift.conclusive else drift.verdict
    parts = [
        label(_LEFT, 16, short(drift.column, 26), INK, size=13, bold=True),
        label(_WIDTH - _LEFT, 16, verdict, colour if drift.conclusive or drift.drifted else FAINT, anchor="end"),
        label(_LEFT, 32, _measured(drift), FAINT),
        label(_LEFT, 46, _missing(drift), RED if drift.missing_drifted else FAINT),
    ]
    base = _TOP + _PLOT_HEIGHT
    if values is None:
        return [*parts, label(_WIDTH // 2, base - 40, "no values to draw", FAINT, anchor="middle")]
    peak = max(*values.reference, *values.current)
    parts.append(f'<path d="{_steps(values.reference, peak)}z" fill="{GREY}"/>')
    parts.append(f'<path d="{_steps(values.current, peak)}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    parts.append(f'<path d="M{_LEFT} {base}h{_PLOT_WIDTH}" stroke="{FAINT}" stroke-width="1"/>')
    return [*parts, *_axis(values, base + 14)]


def _measured(drift: ColumnDrift) -> str:
    if drift.score is None or drift.threshold is None:
        return short(drift.reason, 50)
    sign = ">" if drift.values_drifted else "≤"
    return f"{drift.statistic} {drift.score:.3f} {sign} {drift.threshold:.3f}"


def _missing(drift: ColumnDrift) -> str:
    if drift.missing_rate == 0 and drift.reference_missing_rate == 0:
        return ""
    return f"missing {drift.missing_rate:.1%}, in the reference {drift.reference_missing_rate:.1%}"


def _steps(shares: Sequence[float], peak: float) -> str:
    """The outline of the bars, from the base line and back to it."""
    base, step = _TOP + _PLOT_HEIGHT, _PLOT_WIDTH / len(shares)
    path = [f"M{_LEFT} {base}"]
    for place, share in enumerate(shares):
        path.append(f"V{base - share / peak * _PLOT_HEIGHT:.1f}H{_LEFT + (place + 1) * step:.1f}")
    return "".join([*path, f"V{base}"])


def _axis(values: Histogram, y: int) -> list[str]:
    if values.ends is not None:
        low, high = values.ends
        return [
            label(_LEFT, y, f"{low:.4g}", FAINT, size=10),
            label(_LEFT + _PLOT_WIDTH, y, f"{high:.4g}", FAINT, size=10, anchor="end"),
        ]
    step = _PLOT_WIDTH / len(values.names)
    letters = max(2, int(step / 6))
    return [
        label(_LEFT + (place + 0.5) * step, y, short(name, letters), FAINT, size=10, anchor="middle")
        for place, name in enumerate(values.names)
    ]
