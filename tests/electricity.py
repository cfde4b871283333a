"""The electricity workload's own generator, loaded by its path as users' code is, and its series as a job sees it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd

from lifecycle.forecast import Forecast
from monitoring.lagged import to_unix_seconds
from platforms.workloads import load_workload

FOLDER = Path(__file__).parent.parent / "workloads" / "electricity"


def make_series(start: str, days: int, seed: int) -> pd.DataFrame:
    """Hours of time, temperature, holiday and load."""
    spec = importlib.util.spec_from_file_location("electricity_data", FOLDER / "data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    series: pd.DataFrame = module.make_series(start, days, seed)
    return series


def in_seconds(series: pd.DataFrame) -> pd.DataFrame:
    """The same with its time in Unix seconds."""
    return series.assign(time=to_unix_seconds(series["time"]))


def forecast_of_the_workload() -> Forecast:
    """What its workload.yaml says of the series."""
    forecast = load_workload(FOLDER).workload.forecast
    assert forecast is not None
    return forecast
