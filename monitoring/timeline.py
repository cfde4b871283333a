"""Drift over time: small multiples as one SVG, a panel a column, its score over the windows with their thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.findings import Finding
from lifecycle.windows import WindowRecord
from monitoring.svg import BLUE, FAINT, GREY, INK, RED, document, label, short

PANELS = 24  # more are no overview; the worst come first
_ALWAYS = ("performance", "estimate", "drift", "attribution", "fairness")  # others where they were findings once
_FROM_ZERO = ("drift", "attribution", "fairness", "quality", "service")  # of the others, 0 says nothing
_ACROSS = 3
_WIDTH, _HEIGHT = 300, 150  # of a panel, pixels
_LEFT, _TOP, _PLOT_WIDTH, _PLOT_HEIGHT = 14, 44, 272, 78
_HEADER = 34


@dataclass(frozen=True)
class _Series:
    """One subject over the windows: what each said of it, None where it said nothing."""

    kind: str
    subject: str
    findings: tuple[Finding | None, ...]

    @property
    def badness(self) -> tuple[bool, bool, int, float]:
        """By what the newest window says first, a loss before the drift behind it; then by how often and how far."""
        told = [finding for finding in self.findings if finding is not None]
        newest = self.findings[-1]
        beyond = max((finding.beyond for finding in told if self.kind == "drift"), default=0.0)
        now = newest is not None and newest.significant
        return now, now and self.kind != "drift", sum(finding.significant for finding in told), beyond


def drift_over_time(records: Sequence[WindowRecord]) -> str:
    """SVG text. records: the oldest first; where the model version changes, and the reference with it, stands a line.

    Red points are findings; hollow ones could not tell. The threshold is drawn as it was in each window.
    """
    shown = sorted(_series(records), key=lambda one: one.badness, reverse=True)
    left_out = max(0, len(shown) - PANELS)
    shown = shown[:PANELS]
    title = _title(records, left_out)
    width = _ACROSS * _WIDTH
    height = _HEADER + max(1, math.ceil(len(shown) / _ACROSS)) * _HEIGHT
    parts = [label(_LEFT, 21, title, INK, size=14, bold=True)]
    for place, series in enumerate(shown):
        x, y = place % _ACROSS * _WIDTH, _HEADER + place // _ACROSS * _HEIGHT
        parts += [f'<g transform="translate({x} {y})">', *_panel(series, records), "</g>"]
    return document(width, height, title, parts)


def _title(records: Sequence[WindowRecord], left_out: int) -> str:
    if not records:
        return "No window was monitored yet"
    span = f"{records[0].start:%Y-%m-%d %H:%M} to {records[-1].end:%Y-%m-%d %H:%M} UTC"
    windows = "window" if len(records) == 1 else "windows"
    return f"{len(records)} {windows}, {span}" + (f"; {left_out} panels not shown" if left_out else "")


def _series(records: Sequence[WindowRecord]) -> list[_Series]:
    by_window = [{found.about: found for found in record.findings} for record in records]
    told = [found for record in records for found in record.findings if found.kind in _ALWAYS or found.significant]
    subjects = dict.fromkeys(found.about for found in told)
    return [_Series(*about, tuple(findings.get(about) for findings in by_window)) for about in subjects]


def _panel(series: _Series, records: Sequence[WindowRecord]) -> list[str]:
    newest = series.findings[-1]
    bad = newest is not None and newest.significant
    verdict = "" if newest is None else "finding" if bad else "steady" if newest.conclusive else "inconclusive"
    name = series.subject if series.kind == "drift" else f"{series.subject} ({series.kind})"
    parts = [
        label(_LEFT, 16, short(name, 30), INK, size=13, bold=True),
        label(_WIDTH - _LEFT, 16, verdict, RED if bad else FAINT, anchor="end"),
        label(_LEFT, 32, _measured(newest), FAINT),
    ]
    known = [finding for finding in series.findings if finding is not None]
    values = [value for found in known for value in (found.score, found.threshold) if value is not None]
    base = _TOP + _PLOT_HEIGHT
    if not values:
        return [*parts, label(_WIDTH // 2, base - 30, "nothing was measured", FAINT, anchor="middle")]
    scale = _scale(len(records), values, series.kind in _FROM_ZERO)
    parts.append(label(_WIDTH - _LEFT, 32, f"{scale.low:.3g} to {scale.high:.3g}", FAINT, anchor="end"))
    parts += _marks(records, scale)
    parts.append(f'<path d="M{_LEFT} {base}h{_PLOT_WIDTH}" stroke="{FAINT}" stroke-width="1"/>')
    parts.append(_thresholds(scale, [None if found is None else found.threshold for found in series.findings]))
    parts.append(_scores(scale, [None if found is None else found.score for found in series.findings]))
    parts += [_point(scale, place, found) for place, found in enumerate(series.findings) if found is not None]
    return [*parts, *_axis(records, base + 14)]


@dataclass(frozen=True)
class _Scale:
    """From a window's place and a value to pixels."""

    windows: int
    low: float
    high: float

    def x(self, place: float) -> float:
        return _LEFT + _PLOT_WIDTH * (place + 0.5) / self.windows

    def y(self, value: float) -> float:
        return _TOP + _PLOT_HEIGHT * (1 - (value - self.low) / (self.high - self.low))


def _scale(windows: int, values: Sequence[float], from_zero: bool) -> _Scale:
    low, high = min(values), max(values)
    if from_zero:
        low = min(0.0, low)
    else:
        low -= (high - low) / 4
    return _Scale(windows, low, high if high > low else low + 1.0)


def _thresholds(scale: _Scale, values: Sequence[float | None]) -> str:
    """Each over the breadth of its window: so one window has one, too."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    path = "".join(
        f"M{scale.x(place - 0.5):.1f} {scale.y(value):.1f}H{scale.x(place + 0.5):.1f}" for place, value in known
    )
    return f'<path d="{path}" fill="none" stroke="{GREY}" stroke-width="1.5" stroke-dasharray="4 3"/>' if path else ""


def _scores(scale: _Scale, values: Sequence[float | None]) -> str:
    """A line through those there are; where one is missing, it is broken."""
    path, drawn = "", False
    for place, value in enumerate(values):
        if value is not None:
            path += f"{'L' if drawn else 'M'}{scale.x(place):.1f} {scale.y(value):.1f}"
        drawn = value is not None
    return f'<path d="{path}" fill="none" stroke="{BLUE}" stroke-width="1.5"/>' if path else ""


def _point(scale: _Scale, place: int, finding: Finding) -> str:
    if finding.score is None:
        return ""
    colour = RED if finding.significant else BLUE
    fill = colour if finding.conclusive else "#ffffff"
    x, y = scale.x(place), scale.y(finding.score)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{fill}" stroke="{colour}"/>'


def _marks(records: Sequence[WindowRecord], scale: _Scale) -> list[str]:
    """A line, with the version, where another model was watched than in the window before."""
    parts = []
    for place in range(1, len(records)):
        if records[place].model_version != records[place - 1].model_version:
            x = scale.x(place - 0.5)
            parts.append(f'<path d="M{x:.1f} {_TOP}v{_PLOT_HEIGHT}" stroke="{GREY}" stroke-width="1"/>')
            parts.append(label(x, _TOP - 2, f"v{records[place].model_version}", FAINT, size=9, anchor="middle"))
    return parts


def _measured(newest: Finding | None) -> str:
    if newest is None or newest.score is None:
        return "not in the newest window" if newest is None else short(newest.message, 50)
    threshold = "" if newest.threshold is None else f", threshold {newest.threshold:.3f}"
    return f"now {newest.score:.3f}{threshold}"


def _axis(records: Sequence[WindowRecord], y: int) -> list[str]:
    if len(records) == 1:
        return [label(_LEFT + _PLOT_WIDTH / 2, y, f"{records[0].end:%m-%d %H:%M}", FAINT, size=10, anchor="middle")]
    return [
        label(_LEFT, y, f"{records[0].end:%m-%d %H:%M}", FAINT, size=10),
        label(_LEFT + _PLOT_WIDTH, y, f"{records[-1].end:%m-%d %H:%M}", FAINT, size=10, anchor="end"),
    ]
