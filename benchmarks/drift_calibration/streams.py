"""Data without drift: independent rows, a weekly and a yearly season, rows that resemble the ones before them.

Ten numbers of different shapes, each of variance 1, of which two go together, and two categories. Rows come from a
Gaussian process (a copula), so that every column may be autocorrelated and keep its shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.signal import lfilter
from scipy.special import ndtr

from lifecycle.columns import Column

NUMBERS = tuple(f"x{place}" for place in range(10))
SEGMENTS = {"a": 0.5, "b": 0.3, "c": 0.15, "d": 0.05}
CITIES = 30
COLUMNS = (
    *(Column(name=name, type="number") for name in NUMBERS),
    Column(name="segment", type="category"),
    Column(name="city", type="category"),
)
TOGETHER = 0.6  # correlation of x0 and x1
SEASONAL = 5  # of the numbers, and the segment
_SHAPES = {
    "x3": stats.lognorm(0.5),
    "x4": stats.t(5),
    "x5": stats.expon(),
    "x6": stats.uniform(),
}


@dataclass(frozen=True)
class Stream:
    """A process that goes on for ever.

    period: rows of a season. pattern: how far the columns lie from their mean in each part of it, shape (parts,
    columns); None: there is no season. again: the correlation of a row with the next.
    """

    period: int = 0
    pattern: np.ndarray | None = None
    again: float = 0.0

    @property
    def inflation(self) -> float:
        """Rows that weigh as much as one independent row, for a mean (Bartlett 1946)."""
        return (1 + self.again) / (1 - self.again)

    def draw(self, rows: int, rng: np.random.Generator, start: int = 0) -> pd.DataFrame:
        """So many rows from that moment (in rows) on."""
        latent = self._latent(rows, rng)
        season = self._season(np.arange(start, start + rows))
        values = {
            name: _shaped(name, latent[:, place]) + season[:, place] * (place < SEASONAL)
            for place, name in enumerate(NUMBERS)
        }
        ranks = ndtr(latent[:, len(NUMBERS)] + season[:, SEASONAL]), ndtr(latent[:, len(NUMBERS) + 1])
        names = np.array(list(SEGMENTS))
        upto = np.cumsum(list(SEGMENTS.values()))[:-1]
        values["segment"] = names[np.searchsorted(upto, ranks[0])]
        weights = 1 / np.arange(1, CITIES + 1)
        city = np.searchsorted(np.cumsum(weights / weights.sum())[:-1], ranks[1])
        values["city"] = np.array([f"city {place}" for place in range(CITIES)])[city]
        return pd.DataFrame(values)

    def _latent(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Standard normal columns; rows follow an autoregression of the first order."""
        steps = rng.normal(size=(rows, len(COLUMNS)))
        steps[:, 1] = TOGETHER * steps[:, 0] + np.sqrt(1 - TOGETHER**2) * steps[:, 1]
        if not self.again:
            return steps
        steps[1:] *= np.sqrt(1 - self.again**2)
        return np.asarray(lfilter([1.0], [1.0, -self.again], steps, axis=0))

    def _season(self, moments: np.ndarray) -> np.ndarray:
        if self.pattern is None:
            return np.zeros((len(moments), len(COLUMNS)))
        part = (moments % self.period) * len(self.pattern) // self.period
        return self.pattern[part]


def weekly(rows_a_day: int, rng: np.random.Generator) -> Stream:
    """Each day of the week is another one: half of the columns lie off by 0.3 standard deviations, more or less."""
    pattern = rng.normal(0, 0.3, (7, len(COLUMNS)))
    return Stream(7 * rows_a_day, pattern - pattern.mean(axis=0))


def yearly(rows_a_week: int, rng: np.random.Generator) -> Stream:
    """A wave of half a standard deviation over the year; the columns' summers fall at different times."""
    weeks = np.arange(52)[:, None] / 52
    return Stream(52 * rows_a_week, 0.5 * np.sin(2 * np.pi * (weeks + rng.random(len(COLUMNS)))))


def _shaped(name: str, normal: np.ndarray) -> np.ndarray:
    """Of mean 0, variance 1 and that column's shape: skewed, heavy-tailed, even, in steps, two humps, or normal."""
    if name in _SHAPES:
        shape = _SHAPES[name]
        return np.asarray((shape.ppf(ndtr(normal)) - shape.mean()) / shape.std())
    if name == "x7":
        return np.round(normal * 4) / 4
    if name == "x8":
        return (normal / 2 + np.sign(normal)) / np.sqrt(1.25 + np.sqrt(2 / np.pi))
    return normal
