"""Does a window of a series still look like its own season? Summer is no drift, and a warm winter may be.

Each number is held against what is usual at its moment of the year, the week and the day: the norm, a sum of waves
(Fourier terms, least squares) over the reference. What is left over, in window and reference, is compared by the same
machinery as any column, and calibrated on contiguous windows of the reference: weather and load wander for days, which
`monitoring.calibration` measures as dispersion. The reference's own left-overs come from a norm that has not seen
their cycle (cross-fitting), since a window's cycle was not seen either; else every new year would look strange.
Categories and truth values are compared with the reference's rows of the same weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.durations import spell_duration
from lifecycle.forecast import Forecast
from monitoring.drift import MINIMUM_ROWS, ColumnDrift, score_columns
from monitoring.errors import require_columns
from monitoring.lagged import to_unix_seconds
from monitoring.profile import Profile, reference_profile
from monitoring.values import usable

WAVES = 4  # a season's, the longest's half as many: it was seen a few times only
CYCLES = 2  # of the longest season, at least: what was seen once may have been chance
_NEARLY = 0.98  # of that many cycles do, since the first rows of a series lack their lags
_MARGIN = 3 * 86400.0  # on either side of the window's weeks, of which the reference's rows are taken


@dataclass(frozen=True)
class SeasonalReference:
    """What windows of a series are held against; made once, it scores many.

    numbers: the profile of what the norm leaves of them. norm: its coefficients, shape (terms, numbers). others: the
    reference's rows of the columns that are no numbers, with the time. short: why nothing can be told, or nothing.
    """

    forecast: Forecast
    columns: tuple[Column, ...]
    numbers: Profile | None
    norm: np.ndarray
    others: pd.DataFrame
    short: str = ""


def seasonal_reference(
    reference: pd.DataFrame, columns: Sequence[Column], forecast: Forecast, *, seed: int = 0
) -> SeasonalReference:
    """The reference of every column but the time.

    reference: rows with the time in Unix seconds, trained on or not: inputs are compared, not errors. One that holds
    fewer than two cycles of the longest season tells nothing. SchemaMismatch where a column is missing.
    """
    judged = tuple(column for column in columns if column.name != forecast.time)
    numbers = [column for column in judged if column.numeric]
    rows = _in_time(reference, judged, forecast)
    others = rows[[forecast.time, *(column.name for column in judged if not column.numeric)]]
    short = _too_short(rows, forecast)
    if short or not numbers:
        return SeasonalReference(forecast, judged, None, np.zeros((0, 0)), others, short)
    waves, values = _waves(rows[forecast.time].to_numpy(), forecast), _values(rows, numbers)
    left = pd.DataFrame(_left_over(waves, values, _cycles(rows, forecast)), columns=[one.name for one in numbers])
    profile = reference_profile(left, numbers, seed=seed)
    return SeasonalReference(forecast, judged, profile, _norm(waves, values), others)


def score_seasonal(
    reference: SeasonalReference,
    window: pd.DataFrame,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    false_alarms: float = 0.005,
    seed: int = 0,
) -> list[ColumnDrift]:
    """Every column but the time, in their order. window: as the reference; rows without a time do not count.

    false_alarms: the probability that a drift-free window alarms on any column at all.
    """
    forecast, judged = reference.forecast, reference.columns
    rows = _in_time(window, judged, forecast)
    if reference.short or rows.empty:
        why = reference.short or "the window holds no row with a time"
        return [_inconclusive(column, len(rows), why) for column in judged]
    settings: dict[str, int] = {"minimum_rows": minimum_rows, "seed": seed}
    numbers, others = ([one for one in judged if one.numeric is numeric] for numeric in (True, False))
    found: dict[str, ColumnDrift] = {}
    if reference.numbers is not None:
        left = _values(rows, numbers) - _waves(rows[forecast.time].to_numpy(), forecast) @ reference.norm
        frame = pd.DataFrame(left, columns=[one.name for one in numbers])
        share = false_alarms * len(numbers) / len(judged)
        scored = score_columns(reference.numbers, frame, false_alarms=share, **settings)
        found |= {one.column: replace(one, statistic=f"seasonally adjusted {one.statistic}") for one in scored}
    if others:
        profile = reference_profile(same_weeks(reference.others, rows, forecast), others, seed=seed)
        share = false_alarms * len(others) / len(judged)
        found |= {one.column: one for one in score_columns(profile, rows, false_alarms=share, **settings)}
    return [found[column.name] for column in judged]


def same_weeks(reference: pd.DataFrame, window: pd.DataFrame, forecast: Forecast) -> pd.DataFrame:
    """The reference's rows of the window's part of the longest season, three days on either side included."""
    cycle = _longest(forecast)
    begin = float(window[forecast.time].min()) - _MARGIN
    length = float(window[forecast.time].max()) + _MARGIN - begin
    since = (reference[forecast.time] - begin) % cycle
    return reference[since <= length]


def _left_over(waves: np.ndarray, values: np.ndarray, cycle: np.ndarray) -> np.ndarray:
    """What the norm of the other cycles leaves, shape (rows, columns)."""
    left = np.empty_like(values)
    for number in np.unique(cycle):
        ours = cycle == number
        left[ours] = values[ours] - waves[ours] @ _norm(waves[~ours], values[~ours])
    return left


def _cycles(rows: pd.DataFrame, forecast: Forecast) -> np.ndarray:
    """Which cycle of the longest season, or even part of about one, each row is of, shape (rows,)."""
    since = rows[forecast.time].to_numpy() - rows[forecast.time].iloc[0]
    count = max(CYCLES, round(since[-1] / _longest(forecast)))
    return np.minimum(since / since[-1] * count, count - 1).astype(int)


def _values(frame: pd.DataFrame, columns: Sequence[Column]) -> np.ndarray:
    """Shape (rows, columns), missing where there is no number."""
    return np.column_stack([usable(frame[column.name], column.type).to_numpy(dtype=float) for column in columns])


def _waves(time: np.ndarray, forecast: Forecast) -> np.ndarray:
    """Fourier terms of each season, and the products of two seasons' first ones: a day's shape differs by the season.
    Shape (rows, terms)."""
    each = []
    for season in sorted(forecast.seasons):
        count = WAVES if season.total_seconds() < _longest(forecast) or len(forecast.seasons) == 1 else WAVES // 2
        turns = 2 * np.pi * time[:, None] / season.total_seconds() * np.arange(1, count + 1)
        each.append(np.hstack([np.sin(turns), np.cos(turns)]))
    terms = [np.ones((len(time), 1)), *each]
    for place, one in enumerate(each):
        for other in each[place + 1 :]:
            terms += [one[:, [column]] * other for column in range(one.shape[1])]
    return np.hstack(terms)


def _norm(waves: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The coefficients of each column's norm, shape (terms, columns); zero where no value of it is known.

    By the normal equations: waves are all but orthogonal, and a few hundred terms over years of hours stay fast.
    """
    norm = np.zeros((waves.shape[1], values.shape[1]))
    for column in range(values.shape[1]):
        known = np.isfinite(values[:, column])
        if known.any():
            rows = waves if known.all() else waves[known]
            norm[:, column] = np.linalg.lstsq(rows.T @ rows, rows.T @ values[known, column], rcond=None)[0]
    return norm


def _in_time(frame: pd.DataFrame, columns: Sequence[Column], forecast: Forecast) -> pd.DataFrame:
    names = [forecast.time, *(column.name for column in columns)]
    require_columns(names, list(frame.columns), list(frame.columns))
    timed = frame[names].assign(**{forecast.time: to_unix_seconds(frame[forecast.time])})
    return timed.dropna(subset=[forecast.time]).sort_values(forecast.time, kind="stable", ignore_index=True)


def _longest(forecast: Forecast) -> float:
    return max(forecast.seasons).total_seconds()


def _too_short(reference: pd.DataFrame, forecast: Forecast) -> str:
    longest = max(forecast.seasons)
    time = reference[forecast.time]
    if len(time) and time.iloc[-1] - time.iloc[0] >= CYCLES * _NEARLY * longest.total_seconds():
        return ""
    return f"the reference holds fewer than {CYCLES} seasons of {spell_duration(longest)}, so none of it is usual"


def _inconclusive(column: Column, rows: int, reason: str) -> ColumnDrift:
    return ColumnDrift(
        column=column.name,
        type=column.type,
        statistic="none",
        score=None,
        threshold=None,
        values_drifted=False,
        missing_rate=0.0,
        reference_missing_rate=0.0,
        missing_threshold=None,
        missing_drifted=False,
        rows=rows,
        conclusive=False,
        reason=reason,
    )
