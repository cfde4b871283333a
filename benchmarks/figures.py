"""A figure and its goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, in words, and whether it met its goal."""

    what: str
    measured: str
    goal: str
    met: bool


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0..1) of the values does not exceed, by rank."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
