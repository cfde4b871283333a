"""What happens to a window: shifts, spreads, broken relations, categories that come and go, gaps, an outlier."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pandas as pd

from benchmarks.drift_calibration.streams import NUMBERS

Drift = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
OUTLIER = 1e4  # standard deviations


def some_columns(count: int, rng: np.random.Generator) -> frozenset[str]:
    """So many of the numbers, drawn."""
    return frozenset(rng.choice(NUMBERS, count, replace=False).tolist())


def shifted(columns: Collection[str], deviations: float) -> Drift:
    """Each of them lies so many standard deviations higher."""
    return lambda frame, _: frame.assign(**{name: frame[name] + deviations for name in columns})


def spread(columns: Collection[str], times: float) -> Drift:
    """Their standard deviations are so many times as large, about the same mean."""
    return lambda frame, _: frame.assign(**{name: frame[name] * times for name in columns})


def unrelated(column: str) -> Drift:
    """Its values are the same, on other rows: what it had to do with other columns is gone."""
    return lambda frame, rng: frame.assign(**{column: rng.permutation(frame[column].to_numpy())})


def appearing(column: str, share: float) -> Drift:
    """A category that nobody knew takes a share (0..1) of the rows."""

    def apply(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return frame.assign(**{column: frame[column].mask(rng.random(len(frame)) < share, "unheard of")})

    return apply


def vanishing(column: str, category: str) -> Drift:
    """Its rows fall to the other categories, by their shares."""

    def apply(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        gone = frame[column] == category
        others = frame.loc[~gone, column].to_numpy()
        return frame.assign(**{column: frame[column].mask(gone, pd.Series(rng.choice(others, len(frame))))})

    return apply


def missing(column: str, share: float) -> Drift:
    """A share (0..1) of its values is not there."""
    return lambda frame, rng: frame.assign(**{column: frame[column].mask(rng.random(len(frame)) < share)})


def with_outlier(column: str) -> Drift:
    """One value lies very far out."""

    def apply(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        values = frame[column].to_numpy(copy=True)
        values[rng.integers(len(values))] = OUTLIER
        return frame.assign(**{column: values})

    return apply


def both(drifts: Sequence[Drift]) -> Drift:
    """One after the other."""

    def apply(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        for drift in drifts:
            frame = drift(frame, rng)
        return frame

    return apply
