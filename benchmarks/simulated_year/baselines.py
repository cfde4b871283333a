"""Policies that look at no signal: never, and by the month."""

from __future__ import annotations

import numpy as np

from benchmarks.simulated_year.world import World
from benchmarks.simulated_year.year import Evening, Retraining

NEWEST_ROWS = 10_000  # what policies train on that do not know since when the world is what it is
MONTH = 30


class Never:
    """The first model serves all year."""

    name, gated = "never", True

    def rows(self, evening: Evening) -> np.ndarray | None:  # noqa: ARG002
        return None

    def trained(self, retraining: Retraining) -> None: ...


class Monthly:
    """Every 30 days, on the newest labelled rows."""

    name, gated = "monthly", True

    def rows(self, evening: Evening) -> np.ndarray | None:
        return newest(evening) if evening.now % MONTH == 0 else None

    def trained(self, retraining: Retraining) -> None: ...


def newest(evening: Evening) -> np.ndarray:
    """The newest labelled rows."""
    return newest_before(evening.world, evening.now)


def newest_before(world: World, now: float) -> np.ndarray:
    """The newest rows whose labels have come by then."""
    return world.learnable(now)[-NEWEST_ROWS:]
