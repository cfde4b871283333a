"""The interval of an A/B test over time as one SVG: how it narrows, and whether it leaves 0."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.ab_test import AbLook
from monitoring.svg import BLUE, FAINT, GREY, INK, RED, document, label

_WIDTH, _HEIGHT = 640, 260  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 50, 36


def interval_over_time(looks: Sequence[AbLook], title: str) -> str:
    """SVG text. looks: the oldest first; those without a difference yet are left out."""
    known = [
        (look, look.difference, look.low, look.high)
        for look in looks
        if look.difference is not None and look.low is not None and look.high is not None
    ]
    parts = [label(16, 24, title, INK, size=14, bold=True)]
    if not known:
        return document(
            _WIDTH,
            _HEIGHT,
            title,
            [*parts, label(_WIDTH / 2, _HEIGHT / 2, "too few callers so far", FAINT, anchor="middle")],
        )
    low, high = min(0.0, *(one[2] for one in known)), max(0.0, *(one[3] for one in known))
    spread = high - low or 1.0
    first, last = known[0][0].at, known[-1][0].at
    seconds = (last - first).total_seconds() or 1.0

    def x(look: AbLook) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (look.at - first).total_seconds() / seconds

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / spread

    band = [f"{x(one):.1f},{y(up):.1f}" for one, _, _, up in known]
    band += [f"{x(one):.1f},{y(down):.1f}" for one, _, down, _ in reversed(known)]
    middle = " ".join(f"{x(one):.1f},{y(value):.1f}" for one, value, _, _ in known)
    decided = known[-1][0].verdict in ("better", "worse")
    parts += [
        f'<polygon points="{" ".join(band)}" fill="{RED if decided else BLUE}" fill-opacity="0.15"/>',
        f'<polyline points="{middle}" fill="none" stroke="{RED if decided else BLUE}" stroke-width="2"/>',
        f'<path d="M{_LEFT} {y(0):.1f}H{_WIDTH - _RIGHT}" stroke="{GREY}" stroke-dasharray="4 3"/>',
        *[label(_LEFT - 8, y(value) + 4, f"{value:.3g}", FAINT, anchor="end") for value in {low, 0.0, high}],
        label(_LEFT, _HEIGHT - 12, f"{first:%m-%d %H:%M}, {known[0][0].callers} callers", FAINT),
        label(
            _WIDTH - _RIGHT, _HEIGHT - 12, f"{last:%m-%d %H:%M}, {known[-1][0].callers} callers", FAINT, anchor="end"
        ),
    ]
    return document(_WIDTH, _HEIGHT, title, parts)
