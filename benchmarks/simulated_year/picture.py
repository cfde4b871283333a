"""The years of one seed as an SVG: a panel a policy, its accuracy by the week over the oracle's, its retrainings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.simulated_year.year import Year
from monitoring.svg import BLUE, FAINT, GREY, INK, RED, document, label

_WIDTH, _PANEL, _HEADER = 940, 120, 58
_LEFT, _TOP, _PLOT_WIDTH, _PLOT_HEIGHT = 14, 30, 912, 72
_LOW, _HIGH = 0.55, 0.95  # of the accuracies drawn
_WEEK = 7


def years_picture(years: Sequence[Year], oracle: Year, events: Sequence[tuple[int, str]], title: str) -> str:
    """SVG text. Ticks below a panel are retrainings: blue ones were promoted, red ones did not pass the gate."""
    days = len(oracle.right)
    parts = [label(_LEFT, 21, title, INK, size=14, bold=True)]
    parts += [label(_x(day, days), 44, name, FAINT, size=9) for day, name in events]
    for place, year in enumerate(years):
        parts += [f'<g transform="translate(0 {_HEADER + place * _PANEL})">', *_panel(year, oracle, events), "</g>"]
    return document(_WIDTH, _HEADER + len(years) * _PANEL, title, parts)


def _panel(year: Year, oracle: Year, events: Sequence[tuple[int, str]]) -> list[str]:
    days, base = len(year.right), _TOP + _PLOT_HEIGHT
    told = f"accuracy {year.accuracy:.4f}, {len(year.retrainings)} retrainings, {year.promoted} promoted"
    parts = [
        label(_LEFT, 16, year.name, INK, size=13, bold=True),
        label(_WIDTH - _LEFT, 16, told, FAINT, anchor="end"),
        f'<path d="M{_LEFT} {base}h{_PLOT_WIDTH}" stroke="{FAINT}" stroke-width="1"/>',
        label(_WIDTH - _LEFT, _TOP + 6, f"{_HIGH:g}", FAINT, size=9, anchor="end"),
        label(_WIDTH - _LEFT, base - 3, f"{_LOW:g}", FAINT, size=9, anchor="end"),
    ]
    for day, _ in events:
        parts.append(f'<path d="M{_x(day, days):.1f} {_TOP}V{base}" stroke="{GREY}" stroke-dasharray="2 3"/>')
    parts += [_line(oracle, GREY), _line(year, BLUE)]
    for one in year.retrainings:
        colour = BLUE if one.promoted else RED
        parts.append(f'<path d="M{_x(one.day + 1, days):.1f} {base + 1}v8" stroke="{colour}" stroke-width="1.5"/>')
    return parts


def _line(year: Year, colour: str) -> str:
    """The accuracy of each week."""
    days = len(year.right)
    path = ""
    for start in range(0, days, _WEEK):
        week = slice(start, min(start + _WEEK, days))
        value = float(np.average(year.right[week], weights=year.rows[week]))
        path += f"{'L' if path else 'M'}{_x((week.start + week.stop) / 2, days):.1f} {_y(value):.1f}"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _x(day: float, days: int) -> float:
    return _LEFT + _PLOT_WIDTH * day / days


def _y(value: float) -> float:
    share = (min(max(value, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return _TOP + _PLOT_HEIGHT * (1 - share)
