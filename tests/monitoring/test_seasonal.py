"""Drift of a series by its season: a year without drift is quiet, a shift is found, a short past tells nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from monitoring.drift import ColumnDrift, reference_profile, score_columns
from monitoring.errors import SchemaMismatch
from monitoring.lagged import lagged_rows
from monitoring.seasonal import SeasonalReference, same_weeks, score_seasonal, seasonal_reference
from tests.electricity import forecast_of_the_workload, in_seconds, make_series

FORECAST = forecast_of_the_workload()
GIVEN = (Column(name="temperature", type="number"), Column(name="holiday", type="boolean"))
COLUMNS = FORECAST.row_columns("load", GIVEN)
LOADS = [column.name for column in FORECAST.made_columns("load")]
YEAR, MONTH = 365 * 24, 28 * 24


@pytest.fixture(scope="module", name="rows")
def _rows() -> pd.DataFrame:
    """Four years of hours, of which the last one is watched."""
    series = lagged_rows(in_seconds(make_series("2021-01-01", 4 * 365, seed=0)), FORECAST, "load")
    return series.iloc[14 * 24 :].reset_index(drop=True)


@pytest.fixture(scope="module", name="reference")
def _reference(rows: pd.DataFrame) -> SeasonalReference:
    return seasonal_reference(rows.iloc[:-YEAR], COLUMNS, FORECAST)


def months(rows: pd.DataFrame) -> list[pd.DataFrame]:
    year = rows.iloc[-YEAR:]
    return [year.iloc[start : start + MONTH] for start in range(0, YEAR - MONTH + 1, MONTH)]


def shifted(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The same months with more load, by half of its standard deviation."""
    shift = 0.5 * rows["load"].std()
    return [month.assign(**{name: month[name] + shift for name in LOADS}) for month in months(rows)]


def drifted(scored: list[ColumnDrift]) -> set[str]:
    assert all(one.conclusive for one in scored)
    return {one.column for one in scored if one.drifted}


def confirmed(found: list[set[str]]) -> int:
    """Windows that saw in a column what the one before saw in it."""
    return sum(bool(one & before) for one, before in zip(found[1:], found, strict=False))


def test_a_year_without_drift_is_quiet(rows: pd.DataFrame, reference: SeasonalReference) -> None:
    found = [drifted(score_seasonal(reference, month)) for month in months(rows)]
    assert sum(map(bool, found)) <= 3
    assert confirmed(found) == 0


def test_half_a_deviation_of_load_is_found_in_any_month(rows: pd.DataFrame, reference: SeasonalReference) -> None:
    found = [drifted(score_seasonal(reference, month)) & set(LOADS) for month in shifted(rows)]
    assert sum(map(bool, found)) >= 12
    assert confirmed(found) >= 10


def test_no_other_reference_would_do(rows: pd.DataFrame) -> None:
    """Held against the hold-out alone each summer is drift; against all of the years, hardly anything is."""
    numbers = [column for column in COLUMNS if column.numeric and column.name != "time"]

    def found(stretch: pd.DataFrame, windows: list[pd.DataFrame]) -> list[set[str]]:
        profile = reference_profile(stretch, numbers)
        return [{one.column for one in score_columns(profile, window) if one.drifted} for window in windows]

    assert confirmed(found(rows.iloc[-YEAR - 56 * 24 : -YEAR], months(rows))) >= 4
    assert confirmed(found(rows.iloc[:-YEAR], shifted(rows))) <= 1


def test_weather_that_wanders_for_days_wants_more(rows: pd.DataFrame, reference: SeasonalReference) -> None:
    """The threshold knows that a month holds a handful of independent weathers, not 672."""
    (temperature,) = (one for one in score_seasonal(reference, months(rows)[0]) if one.column == "temperature")
    noise = rows.assign(temperature=np.random.default_rng(0).normal(10, 3, len(rows)))
    alone = seasonal_reference(noise.iloc[:-YEAR], [COLUMNS[0], COLUMNS[1]], FORECAST)
    (independent,) = score_seasonal(alone, months(noise)[0])
    assert temperature.threshold is not None
    assert independent.threshold is not None
    assert temperature.threshold > 3 * independent.threshold


def test_a_past_of_fewer_than_two_cycles_tells_nothing(rows: pd.DataFrame) -> None:
    short = seasonal_reference(rows.iloc[-YEAR - YEAR // 2 : -YEAR], COLUMNS, FORECAST)
    scored = score_seasonal(short, months(rows)[0])
    assert [one.column for one in scored] == [column.name for column in COLUMNS if column.name != "time"]
    assert not any(one.conclusive or one.drifted for one in scored)
    assert "fewer than 2 seasons of 365.25d" in scored[0].reason


def test_what_is_missing_is_judged_apart(rows: pd.DataFrame, reference: SeasonalReference) -> None:
    month = months(rows)[3]
    gappy = month.assign(load_lag_1d=month["load_lag_1d"].where(np.arange(MONTH) % 5 > 0))
    (found,) = (one for one in score_seasonal(reference, gappy) if one.drifted)
    assert (found.column, found.missing_drifted, found.values_drifted) == ("load_lag_1d", True, False)
    with pytest.raises(SchemaMismatch, match="load_lag_1d"):
        score_seasonal(reference, month.drop(columns="load_lag_1d"))
    assert not any(one.conclusive for one in score_seasonal(reference, month.assign(time="never")))


def test_the_same_weeks_are_those_of_other_years(rows: pd.DataFrame) -> None:
    july = months(rows)[6]
    picked = same_weeks(rows.iloc[:-YEAR], july, FORECAST)
    when = pd.to_datetime(picked["time"], unit="s")
    assert set(when.dt.year) == {2021, 2022, 2023}
    assert set(when.dt.month) <= {6, 7, 8}
    assert len(picked) == pytest.approx(3 * (28 + 6) * 24, abs=6)
