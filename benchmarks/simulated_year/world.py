"""The world of the simulated year: a stream of rows by day, what drifts in it and when, and labels that come late.

A row is eight features and a label of two classes, drawn from a concept: P(label = 1 | features). Weekends have fewer
rows, other inputs and another mix of channels. Before the year lie `HISTORY` days of the first concept, whose labels
have all come; the first model is trained on them. What happens in the year, each day moved by up to `JITTER` days and
each concept's weights drawn by the seed:

- a sudden change of the concept;
- inputs that move to where the first model has seen little: the concept is the same, and the model is lost there;
- a gradual change: the share of rows of the new concept grows from none to all;
- inputs that move without harm: a feature that says nothing of the label;
- a concept that recurs: there, gone, there again, gone;
- a day of outliers, and a day on which a sensor is broken: both are over the next day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecycle.columns import Column

DAYS = 365
HISTORY = 30
WEEKDAY_ROWS, WEEKEND_ROWS = 1000, 600
LABELLED = 0.5  # the share of rows that ever get a label
LATE_DAYS, LATER_DAYS = 7.0, 0.5  # a label comes after the first, and an exponential time of that mean besides
HELD_OUT = 0.2  # as the service holds out one row in five for ever
JITTER = 4
NUMBERS = ("income", "balance", "tenure", "usage", "price", "noise", "distance")
CHANNELS = ("web", "shop", "phone")
COLUMNS = (*(Column(name=name, type="number") for name in NUMBERS), Column(name="channel", type="category"))
FEATURES = tuple(column.name for column in COLUMNS)
GRADUAL_DAYS = 30
_SENSOR, _HARMLESS, _HARMFUL = "balance", "noise", "usage"


@dataclass(frozen=True)
class Change:
    """A change after which another model is right. day: its first. learn_from: since when rows are of its concept."""

    day: int
    what: str
    learn_from: int


@dataclass(frozen=True)
class World:
    """All rows by time. made_at, labelled_at: in days since the year began, shape (rows,); infinite: never labelled.

    broken: rows that the service puts into quarantine, since a value is missing that may not be. held_out: rows that
    no training sees. events: day and name of everything that happens, harmful or not.
    """

    features: pd.DataFrame
    label: np.ndarray
    made_at: np.ndarray
    labelled_at: np.ndarray
    held_out: np.ndarray
    broken: np.ndarray
    days: int
    changes: tuple[Change, ...]
    events: tuple[tuple[int, str], ...]

    def between(self, start: float, end: float) -> slice:
        """The rows that were made in [start, end), in days."""
        first, last = np.searchsorted(self.made_at, [start, end])
        return slice(int(first), int(last))

    def arrived(self, now: float, since: float = -np.inf) -> np.ndarray:
        """The places of the rows made from `since` on whose label has come by `now`, the oldest first."""
        rows = self.between(since, now)
        return rows.start + np.flatnonzero(self.labelled_at[rows] <= now)

    def learnable(self, now: float, since: float = -np.inf) -> np.ndarray:
        """Of those, the rows that a training may use."""
        rows = self.arrived(now, since)
        return rows[~self.broken[rows]]


@dataclass(frozen=True)
class _Schedule:
    sudden: int
    harmful: int
    gradual: int
    harmless: int
    recurring: tuple[int, int, int, int]
    outliers: int
    sensor: int

    @property
    def changes(self) -> tuple[Change, ...]:
        middle, end = self.gradual + GRADUAL_DAYS // 2, self.gradual + GRADUAL_DAYS
        return (
            Change(self.sudden, "sudden", self.sudden),
            Change(self.harmful, "inputs, harmful", self.sudden),
            Change(middle, "gradual, half", middle),
            Change(end, "gradual, whole", end),
            *(
                Change(day, "recurring" if place % 2 == 0 else "gone again", day)
                for place, day in enumerate(self.recurring)
            ),
        )

    @property
    def events(self) -> tuple[tuple[int, str], ...]:
        return (
            (self.sudden, "sudden"),
            (self.harmful, "inputs"),
            (self.gradual, "gradual"),
            (self.harmless, "harmless"),
            *((day, "recurring") for day in self.recurring),
            (self.outliers, "outliers"),
            (self.sensor, "sensor"),
        )


def simulated_world(seed: int, days: int = DAYS) -> World:
    """The first so many days of the year; the same seed gives the same days, however many are asked for."""
    schedule = _schedule(np.random.default_rng([seed, 0]))
    concepts = _concepts(np.random.default_rng([seed, 1]))
    made = [_day(day, schedule, concepts, np.random.default_rng([seed, 2, day + HISTORY])) for day in _all_days(days)]
    features = pd.concat([one[0] for one in made], ignore_index=True)
    label, made_at, labelled_at, held_out, broken = (
        np.concatenate([one[place] for one in made]) for place in range(1, 6)
    )
    return World(
        features=features,
        label=label,
        made_at=made_at,
        labelled_at=labelled_at,
        held_out=held_out,
        broken=broken,
        days=days,
        changes=tuple(change for change in schedule.changes if change.day < days),
        events=tuple(event for event in schedule.events if event[0] < days),
    )


def _all_days(days: int) -> range:
    return range(-HISTORY, days)


def _schedule(rng: np.random.Generator) -> _Schedule:
    def about(day: int) -> int:
        return day + int(rng.integers(-JITTER, JITTER + 1))

    return _Schedule(
        sudden=about(45),
        harmful=about(90),
        gradual=about(125),
        harmless=about(185),
        recurring=(about(215), about(250), about(285), about(320)),
        outliers=about(20),
        sensor=about(350),
    )


def _concepts(rng: np.random.Generator) -> np.ndarray:
    """The weights of four concepts, shape (4, 6): of income, balance, tenure, price, of income with usage, of usage."""
    base = np.array(
        [
            [2.0, 1.6, -1.2, 0.8, 1.0, 1.5],
            [2.0, -1.6, -1.2, 0.8, 1.0, 1.5],  # sudden: the balance has come to mean the contrary
            [0.6, -1.6, 1.2, 2.0, 1.0, 1.5],  # gradual: price counts, income hardly
            [0.6, 1.4, 1.2, 0.4, 1.0, 1.5],  # recurring
        ]
    )
    return np.asarray(base * rng.uniform(0.85, 1.15, base.shape))


def _day(
    day: int, schedule: _Schedule, concepts: np.ndarray, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, label, made_at, labelled_at, held_out, broken of a day's rows."""
    weekend = day % 7 >= 5
    rows = WEEKEND_ROWS if weekend else WEEKDAY_ROWS
    values = {name: rng.normal(0, 1, rows) for name in NUMBERS}
    channel = rng.choice(CHANNELS, rows, p=[0.7, 0.1, 0.2] if weekend else [0.4, 0.4, 0.2])
    if weekend:
        values["income"] += 0.3
    if day >= schedule.harmful:
        values[_HARMFUL] += 2.5
    if day >= schedule.harmless:
        values[_HARMLESS] += 1.5
    weights = concepts[_concept_of_rows(day, schedule, rows, rng)]
    label = (rng.random(rows) < _probability(values, channel, weights)).astype(int)
    broken = np.zeros(rows, dtype=bool)
    if day == schedule.outliers:
        values["price"] = np.where(rng.random(rows) < 0.01, 1e4, values["price"])
    if day == schedule.sensor:
        broken = rng.random(rows) < 0.6
        values[_SENSOR] = np.where(broken, np.nan, values[_SENSOR])
    made_at = day + np.sort(rng.random(rows))
    late = LATE_DAYS + rng.exponential(LATER_DAYS, rows)
    labelled_at = np.where(rng.random(rows) < LABELLED, made_at + late, np.inf)
    frame = pd.DataFrame({**values, "channel": channel})[list(FEATURES)]
    return frame, label, made_at, labelled_at, rng.random(rows) < HELD_OUT, broken


def _concept_of_rows(day: int, schedule: _Schedule, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Which concept each row of the day is drawn from, shape (rows,)."""
    if day < schedule.sudden:
        return np.zeros(rows, dtype=int)
    share = np.clip((day - schedule.gradual) / GRADUAL_DAYS, 0.0, 1.0)
    concept = np.where(rng.random(rows) < share, 2, 1)
    there = sum(day >= turn for turn in schedule.recurring) % 2 == 1
    return np.full(rows, 3) if there else concept


def _probability(values: dict[str, np.ndarray], channel: np.ndarray, weights: np.ndarray) -> np.ndarray:
    income, balance, tenure, usage, price = (values[name] for name in ("income", "balance", "tenure", "usage", "price"))
    terms = np.column_stack([income, balance, tenure, price, income * np.tanh(usage), 2 * np.maximum(usage - 1.5, 0)])
    # What usage beyond 1.5 does is hardly seen before inputs move there.
    score = (terms * weights).sum(axis=1) - 0.5 * (channel == "phone")
    return np.asarray(1 / (1 + np.exp(-1.5 * score)))
