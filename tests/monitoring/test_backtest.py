"""A backtest: scored at every cut-off that was asked for, and a gate by its mean and its spread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lifecycle.forecast import Backtest, Forecast
from lifecycle.forecast import ForecastTerms as Terms
from lifecycle.workload import Gate
from monitoring.backtest import Backtested, score_backtest
from monitoring.errors import UnusableData

FORECAST = Forecast(holdout=timedelta(days=7), backtest=Backtest(cutoffs=3, stretch=timedelta(days=2)))
HOURS = pd.date_range("2024-01-01", periods=24 * 60, freq="h", tz="UTC")
LABELS = pd.Series(np.arange(len(HOURS), dtype=float), index=(HOURS - pd.Timestamp(0, tz="UTC")).total_seconds())
CUTOFFS = FORECAST.cutoffs(HOURS[-1].to_pydatetime())
TERMS = Terms(levels=(0.1, 0.5, 0.9), seasonal_error=10.0)


def forecasts(off_by: tuple[float, ...] = (1.0, 2.0, 3.0)) -> pd.DataFrame:
    parts = []
    for cutoff, off in zip(CUTOFFS, off_by, strict=True):
        label = LABELS[(LABELS.index >= cutoff) & (LABELS.index < cutoff + 2 * 86400)]
        median = label.to_numpy() + off
        part = {"cutoff": cutoff, "time": label.index, "prediction": median, "0.1": median - 2, "0.5": median}
        parts.append(pd.DataFrame({**part, "0.9": median + 2}))
    return pd.concat(parts, ignore_index=True)


def test_the_stretches_lie_end_to_end_before_the_holdout() -> None:
    holdout = HOURS[-1] - pd.Timedelta(days=7)
    assert [datetime.fromtimestamp(cutoff, UTC) for cutoff in CUTOFFS] == [
        (holdout - pd.Timedelta(days=days)).to_pydatetime() for days in (6, 4, 2)
    ]


def test_each_cutoff_counts() -> None:
    found = score_backtest(forecasts(), LABELS, FORECAST, CUTOFFS, TERMS)
    assert found["mase"].values == pytest.approx((0.1, 0.2, 0.3))
    assert (found["mase"].mean, found["mase"].spread) == pytest.approx((0.2, 0.1))
    assert found["coverage"].values == pytest.approx((1.0, 1.0, 0.0))
    without = score_backtest(forecasts().drop(columns="0.1"), LABELS, FORECAST, CUTOFFS, TERMS)
    assert set(without) == {"mase", "mae", "rmse"}


def test_a_backtest_that_leaves_hours_out_proves_nothing() -> None:
    whole = forecasts()
    with pytest.raises(UnusableData, match="lacks 1 of 48 rows after 2024"):
        score_backtest(whole.drop(index=50), LABELS, FORECAST, CUTOFFS, TERMS)
    with pytest.raises(UnusableData, match="lacks 48 of 48 rows"):
        score_backtest(whole[whole["cutoff"] > CUTOFFS[0]], LABELS, FORECAST, CUTOFFS, TERMS)
    with pytest.raises(UnusableData, match="lacks the columns prediction"):
        score_backtest(whole.drop(columns="prediction"), LABELS, FORECAST, CUTOFFS, TERMS)


def test_the_spread_counts_in_the_gate() -> None:
    steady, wild = Backtested("mase", (0.6, 0.7, 0.8)), Backtested("mase", (0.2, 0.7, 1.2))
    gate = Gate(at_most=0.85)
    assert steady.holds(gate)
    assert not wild.holds(gate)
    assert not steady.holds(Gate(at_least=0.65))
    assert str(steady) == "0.7000 ± 0.1000 over 3 cut-offs"
