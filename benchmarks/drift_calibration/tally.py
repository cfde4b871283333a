"""Counts of alarms, and how sure they make one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist

from benchmarks.drift_calibration.cases import Episode


@dataclass
class Tally:
    """Of one detector in one line of a table. trials: windows without drift, or onsets of one. hits: those that an
    alarm told. delays: of the onsets told, the windows until then, 1 for the first."""

    trials: int = 0
    hits: int = 0
    delays: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.trials += other.trials
        self.hits += other.hits
        self.delays += other.delays

    @property
    def share(self) -> float:
        """0..1."""
        return self.hits / self.trials

    @property
    def delay(self) -> float | None:
        """Windows, in the mean."""
        return sum(self.delays) / len(self.delays) if self.delays else None


def counted(episode: Episode, alarms: Sequence[frozenset[str]], whole: frozenset[str]) -> Tally:
    """One episode. alarms: their subjects, window by window; whole: subjects that stand for all columns."""
    if not episode.onsets:
        return Tally(len(alarms), sum(bool(subjects) for subjects in alarms))
    right = episode.moved | whole
    delays = []
    for onset in episode.onsets:
        told = (place for place in range(onset, onset + episode.within) if alarms[place] & right)
        first = next(told, None)
        delays += [] if first is None else [first - onset + 1]
    return Tally(len(episode.onsets), len(delays), delays)


def wilson(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share (0..1) by its count (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / trials
    centre = share + z**2 / (2 * trials)
    half = z * sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
