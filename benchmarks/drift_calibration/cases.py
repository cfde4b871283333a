"""What a detector is shown: a reference, and episodes of windows that follow it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from lifecycle.columns import Column

LABEL, PREDICTION, PROBABILITY = "label", "prediction", "probability"


@dataclass(frozen=True)
class Episode:
    """Windows one after another.

    row: the line of the table that it counts in. onsets: the windows (0, 1, ...) in which a drift begins; none: there
    is no drift, and every alarm is false. within: so many windows from an onset on may tell it. moved: the columns
    that drift; an alarm on another one is no detection.
    """

    row: str
    windows: Sequence[pd.DataFrame]
    onsets: tuple[int, ...] = ()
    within: int = 2
    moved: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    """A reference, the oldest row first, and what follows it. With a label, a prediction and a probability of the
    label 1 beside the columns where the frames have them. All windows of a case have the same number of rows."""

    reference: pd.DataFrame
    columns: tuple[Column, ...]
    episodes: tuple[Episode, ...]

    def shortened(self, repetitions: int, windows: int) -> Case:
        """For a slow detector: the first episodes of each row, and of those without drift the first windows."""
        seen: Counter[str] = Counter()
        kept = []
        for episode in self.episodes:
            seen[episode.row] += 1
            if seen[episode.row] <= repetitions:
                kept.append(episode if episode.onsets else replace(episode, windows=episode.windows[:windows]))
        return replace(self, episodes=tuple(kept))
