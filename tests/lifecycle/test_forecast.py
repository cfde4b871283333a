"""What a forecasting workload may say, and the columns that follow from it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle.durations import parse_duration, spell_duration
from lifecycle.forecast import Forecast
from lifecycle.workload import Workload
from platforms.workloads import InvalidWorkload, load_workload

SERIES = """
name: electricity
kind: forecasting
data: {raw: electricity/raw/, label: load, columns: {temperature: number}}
"""


def load(folder: Path, text: str) -> Workload:
    (folder / "workload.yaml").write_text(text)
    return load_workload(folder).workload


def test_a_series_is_told_in_a_line(tmp_path: Path) -> None:
    workload = load(tmp_path, SERIES + "forecast: {horizon: 1d, seasons: [7d, 1d, 365.25d]}")
    assert workload.metric == "mase"
    assert workload.forecast is not None
    assert [column.name for column in workload.forecast.row_columns("load", workload.data.columns)] == [
        "time",
        "temperature",
        *("load_lag_1d", "load_lag_2d", "load_lag_7d", "load_lag_14d"),
        *("load_mean_1d", "load_mean_7d"),
    ]


def test_every_lag_is_known_at_the_horizon() -> None:
    forecast = Forecast(horizon=timedelta(days=3))
    assert min(forecast.known_lags) == timedelta(days=3)
    assert forecast.naive_lag == timedelta(days=7)
    assert Forecast(horizon=timedelta(days=8)).naive_lag == timedelta(days=14)
    assert forecast.memory == timedelta(days=14)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SERIES, "kind: forecasting and a section forecast"),
        (SERIES.replace("forecasting", "regression") + "forecast: {}", "kind: forecasting and a section forecast"),
        (SERIES + "forecast: {lags: [2h]}", "lags 2h are not known 1d ahead"),
        (SERIES + "forecast: {quantiles: [0.1, 0.9]}", "quantiles lack 0.5"),
        (SERIES + "forecast: {quantiles: [0.5, 0.1]}", "quantiles ascend"),
        (SERIES + "forecast: {time: temperature}", "forecast makes the columns temperature itself"),
        (SERIES + "forecast: {}\ntrain: {recipe: linear}", "linear gives no quantiles"),
        (SERIES.replace("label: load", "label: load, id: time") + "forecast: {}", "has no other id"),
        (SERIES + "forecast: {}\ngates: {r2: {at_least: 0.5}}", "gates name unknown metrics ['r2']"),
        (SERIES + "forecast: {backtest: {cutoffs: 1}}", "forecast.backtest.cutoffs: Input should be greater"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidWorkload) as caught:
        load(tmp_path, text)
    assert told in str(caught.value)


def test_no_model_wins_by_coverage(tmp_path: Path) -> None:
    gates = "gates: {coverage: {at_least: 0.7, at_most: 0.9}, pinball: {at_most: 1.0}}"
    assert load(tmp_path, SERIES + "forecast: {}\n" + gates).metric == "pinball"


def test_a_search_goes_by_the_backtest(tmp_path: Path) -> None:
    search = (
        "forecast: {}\ntrain: {recipe: gradient_boosting, search: {space: {max_iter: [50, 100]}, objective: cv_mae}}"
    )
    found = load(tmp_path, SERIES + search).train.search
    assert found is not None
    assert found.direction == "minimize"


@pytest.mark.parametrize("written", ["1d", "365.25d", "90m", "36h", "1.5s", "2w"])
def test_a_period_is_spelled_as_it_is_read(written: str) -> None:
    duration = parse_duration(written)
    assert parse_duration(spell_duration(duration)) == duration


def test_a_series_is_written_and_read_again() -> None:
    forecast = Forecast(seasons=(timedelta(days=365.25), timedelta(hours=6)), lags=(timedelta(hours=30),))
    assert Forecast.model_validate_json(forecast.model_dump_json()) == forecast
