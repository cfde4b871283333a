"""A policy's year: each day is answered by the champion, and each evening the policy may have a candidate trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from benchmarks.simulated_year.learning import Model, passes, train
from benchmarks.simulated_year.world import World

_AHEAD = 14  # days scored at once


@dataclass
class Log:
    """What was answered: the probability of the second class and the version that said it, shape (rows,)."""

    probability: np.ndarray
    version: np.ndarray


@dataclass(frozen=True)
class Evening:
    """What a policy knows when a day is over. now: in days since the year began; labels that came later are not known,
    nor is what the day truly was."""

    world: World
    log: Log
    champion: Model
    champion_since: int
    now: int


@dataclass(frozen=True)
class Retraining:
    """One training: the evening it was asked for, its rows, how long it took, and whether its model was promoted."""

    day: int
    rows: int
    seconds: float
    promoted: bool


class Policy(Protocol):
    """When to retrain, and on which rows."""

    name: str
    gated: bool  # a candidate must pass the gate

    def rows(self, evening: Evening) -> np.ndarray | None:
        """The labelled rows to train on now; None: nothing is trained."""
        ...

    def trained(self, retraining: Retraining) -> None:
        """What became of the rows it asked to train on."""
        ...


@dataclass
class Year:
    """What came of it. right: the share of right answers a day, shape (days,), by the true labels of all rows."""

    name: str
    right: np.ndarray
    rows: np.ndarray
    retrainings: list[Retraining] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """Of all the year's answers."""
        return float(np.average(self.right, weights=self.rows))

    @property
    def promoted(self) -> int:
        return sum(one.promoted for one in self.retrainings)


def live_through(world: World, policy: Policy, first: Model) -> Year:
    """The whole year, day by day. first: the model that serves on its first day."""
    log = Log(np.full(len(world.label), np.nan), np.zeros(len(world.label), dtype=int))
    year = Year(policy.name, np.zeros(world.days), np.zeros(world.days, dtype=int))
    champion, since, scored = first, 0, 0
    versions = first.version
    for day in range(world.days):
        if day >= scored:
            scored = min(day + _AHEAD, world.days)
            ahead = world.between(day, scored)
            log.probability[ahead] = champion.probability(world.features.iloc[ahead])
            log.version[ahead] = champion.version
        today = world.between(day, day + 1)
        year.right[day] = np.mean((log.probability[today] > 0.5) == world.label[today])
        year.rows[day] = today.stop - today.start
        rows = policy.rows(Evening(world, log, champion, since, day + 1))
        if rows is None:
            continue
        versions += 1
        candidate = train(world, rows, versions)
        promoted = not policy.gated or passes(world, champion, candidate)
        retraining = Retraining(day, len(rows), candidate.seconds, promoted)
        year.retrainings.append(retraining)
        policy.trained(retraining)
        if promoted:
            champion, since, scored = candidate, day + 1, day + 1
    return year
