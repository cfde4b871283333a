"""Policies that look at no signal: never, by the month, and the oracle that knows when the world changed."""

from __future__ import annotations

import numpy as np

from benchmarks.simulated_year.year import Evening, Retraining

NEWEST_ROWS = 10_000  # what policies train on that do not know since when the world is what it is
MONTH = 30
ENOUGH = (500, 1000, 2000, 4000)  # labelled rows since a change; the oracle is the best of these


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


class Oracle:
    """Retrains once after each true change: the first evening on which `enough` labelled rows that were made since the
    change have come. It trains on all labelled rows of the concept in force since it last began, and its models need
    not pass the gate. A change that the next one overtakes is left out. It knows when the world changes, and not the
    labels before they come.
    """

    gated = False

    def __init__(self, enough: int) -> None:
        self.name = f"oracle ({enough} rows)"
        self._enough = enough
        self._answered = -1

    def rows(self, evening: Evening) -> np.ndarray | None:
        past = [change for change in evening.world.changes if change.day < evening.now]
        if not past or past[-1].day <= self._answered:
            return None
        if len(evening.world.learnable(evening.now, past[-1].day)) < self._enough:
            return None
        self._answered = past[-1].day
        return evening.world.learnable(evening.now, past[-1].learn_from)

    def trained(self, retraining: Retraining) -> None: ...


def newest(evening: Evening) -> np.ndarray:
    """The newest labelled rows."""
    return evening.world.learnable(evening.now)[-NEWEST_ROWS:]
