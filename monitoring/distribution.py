"""A distribution function that is known exactly at some points: what counts tell of the values that were counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Distribution:
    """`below[i]` of `rows` values are at most `points[i]`; between two points, they are taken to lie evenly.

    points: ascending and distinct; the first lies below every value, the last at or above every one.
    """

    points: np.ndarray
    below: np.ndarray
    rows: int
    low: float
    high: float

    def at(self, points: np.ndarray) -> np.ndarray:
        """The share (0..1) of values that are at most so large, shape of points."""
        return np.interp(points, self.points, self.below, left=0, right=self.rows) / self.rows

    def counted(self, edges: np.ndarray) -> np.ndarray:
        """Values in [edges[i], edges[i + 1]), the last bin closed, as numpy.histogram counts; whole numbers."""
        inner = np.interp(np.nextafter(edges[1:-1], -np.inf), self.points, self.below, left=0, right=self.rows)
        return np.diff(np.r_[0.0, np.rint(inner), self.rows])


def known_at(parts: list[tuple[np.ndarray, np.ndarray]], rows: int, low: float, high: float) -> Distribution:
    """From several (points, counts at most so large) of the same values."""
    ends = np.array([np.nextafter(low, -np.inf), high]), np.array([0, rows])
    points = np.concatenate([*(part[0] for part in parts), ends[0]])
    below = np.concatenate([*(part[1] for part in parts), ends[1]])
    inside = (points >= ends[0][0]) & (points <= high)
    points, first = np.unique(points[inside], return_index=True)
    return Distribution(points, below[inside][first], rows, low, high)
