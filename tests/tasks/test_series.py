"""Raw rows become a series, and the newest stretch is held out: by time, never by chance."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from lifecycle.dataset import OBSERVED_AT
from lifecycle.forecast import Forecast
from monitoring.errors import UnusableData
from tasks.series import series_rows
from tests.electricity import in_seconds, make_series

FORECAST = Forecast(holdout=timedelta(days=10))
NOW = pd.Timestamp("2024-06-01", tz="UTC")


def raw(days: int = 60) -> pd.DataFrame:
    return in_seconds(make_series("2024-01-01", days, seed=0)).assign(**{OBSERVED_AT: NOW})


def test_the_newest_stretch_is_held_out() -> None:
    found = series_rows(raw().sample(frac=1, random_state=0), FORECAST, "load", None)
    times = found.rows["time"].to_numpy()
    assert (np.diff(times) == 3600).all()
    assert found.held_out.sum() == 240
    assert times[~found.held_out].max() < times[found.held_out].min()
    assert times[0] == raw()["time"].min() + timedelta(days=14).total_seconds()
    assert not found.rows.isna().any().any()
    assert found.seasonal_error == pytest.approx(41, rel=0.2)


def test_a_later_version_holds_out_what_no_earlier_one_saw() -> None:
    """So champion and challenger can meet on the challenger's hold-out."""
    earlier, later = (series_rows(raw(days), FORECAST, "load", None) for days in (60, 65))
    seen = earlier.rows["time"][~earlier.held_out].max()
    assert later.rows["time"][later.held_out].min() > seen


def test_what_was_observed_last_of_a_time_counts() -> None:
    rows = raw()
    mended = rows.tail(5).assign(load=1.0, **{OBSERVED_AT: NOW + pd.Timedelta(days=1)})
    found = series_rows(pd.concat([rows, mended], ignore_index=True), FORECAST, "load", None)
    assert len(found.rows) == len(rows) - 14 * 24
    assert (found.rows["load"].tail(5) == 1.0).all()


def test_a_short_series_is_refused() -> None:
    with pytest.raises(UnusableData, match="24d are looked back on or held out"):
        series_rows(raw(20), FORECAST, "load", None)


def test_newest_rows_are_those_of_the_latest_times() -> None:
    found = series_rows(raw(), FORECAST, "load", 500)
    assert len(found.rows) == 500
    assert found.held_out.sum() == 240
