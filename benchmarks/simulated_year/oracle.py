"""The oracle: it knows when the world truly changed, and nothing of labels before they come."""

from __future__ import annotations

import numpy as np

from benchmarks.simulated_year.year import Evening, Retraining

ENOUGH = (500, 1000, 2000, 4000)  # labelled rows since a change; the oracle of a year is the best of these


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
