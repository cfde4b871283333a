"""Rows of a series: what was known at the horizon stands in them, and nothing that came later."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from lifecycle.forecast import Forecast
from monitoring.lagged import lagged_rows, rows_to_ask, seasonal_error, to_unix_seconds
from tests.electricity import make_series

HOUR = 3600.0
FORECAST = Forecast(horizon=timedelta(days=1), seasons=(timedelta(days=7), timedelta(days=1)))


def hours(count: int) -> pd.DataFrame:
    """A series whose label is the number of its hour."""
    return pd.DataFrame({"time": np.arange(count) * HOUR, "load": np.arange(count, dtype=float)})


def test_a_row_carries_what_was_so_long_ago() -> None:
    row = lagged_rows(hours(400).sample(frac=1, random_state=0), FORECAST, "load").iloc[-1]
    assert row["load_lag_1d"] == 399 - 24
    assert row["load_lag_7d"] == 399 - 168
    assert row["load_lag_14d"] == 399 - 336
    assert row["load_mean_1d"] == np.mean(np.arange(399 - 47, 399 - 23))
    assert row["load_mean_7d"] == np.mean(np.arange(399 - 24 - 167, 399 - 23))


def test_nothing_after_the_origin_is_looked_at() -> None:
    """What came within the horizon of a row may be anything."""
    series = hours(400)
    changed = series.assign(load=series["load"].where(series["time"] <= (399 - 24) * HOUR, -1e9))
    made = [column.name for column in FORECAST.made_columns("load")]
    before, after = (lagged_rows(one, FORECAST, "load").iloc[-1][made] for one in (series, changed))
    pd.testing.assert_series_equal(before, after)


def test_a_gap_is_missing_and_not_made_up() -> None:
    series = hours(400).drop(index=399 - 24)
    row = lagged_rows(series, FORECAST, "load").iloc[-1]
    assert np.isnan(row["load_lag_1d"])
    assert row["load_lag_7d"] == 399 - 168


def test_callers_ask_as_the_model_was_trained() -> None:
    series = make_series("2024-01-01", 30, seed=0)
    history, ahead = series.iloc[:-24], series.iloc[-24:].drop(columns="load")
    asked = rows_to_ask(history, ahead, FORECAST, "load")
    trained = lagged_rows(series.assign(time=to_unix_seconds(series["time"])), FORECAST, "load").tail(24)
    pd.testing.assert_frame_equal(asked, trained.drop(columns="load").reset_index(drop=True))
    assert asked.notna().all().all()


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-01T00:00:00Z",
        "2024-01-01 01:00:00+01:00",
        "2024-01-01",
        1704067200,
        "1704067200",
        pd.Timestamp("2024-01-01"),
    ],
)
def test_times_are_read_however_they_are_written(written: object) -> None:
    assert to_unix_seconds(pd.Series([written, "never"], dtype=object)).tolist()[:1] == [1704067200.0]
    assert to_unix_seconds(pd.Series([written, "never"], dtype=object)).isna().tolist() == [False, True]


def test_the_seasonal_error_is_the_naive_forecasts() -> None:
    assert seasonal_error(hours(400), FORECAST, "load", before=300 * HOUR) == 168
    assert seasonal_error(hours(100), FORECAST, "load", before=300 * HOUR) is None
    assert seasonal_error(hours(400).assign(load=1.0), FORECAST, "load", before=300 * HOUR) is None
