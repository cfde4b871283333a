"""Drift of a seasonal series: false alarms in years without drift, what shifts are found; beside other references.

Five seeded series of four years; the last year is watched by windows of 28 days, held against the three before. A
finding is one window over a threshold, an alarm the same column over it in the next one, too.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from benchmarks.figures import Figure
from benchmarks.service import ROOT
from lifecycle.columns import Column
from monitoring.drift import ColumnDrift, reference_profile, score_columns
from monitoring.lagged import lagged_rows, to_unix_seconds
from monitoring.seasonal import score_seasonal, seasonal_reference
from platforms.workloads import load_workload

FOLDER = ROOT / "workloads" / "electricity"
SEEDS = range(5)
YEAR, MONTH, HOLDOUT = 365 * 24, 28 * 24, 56 * 24
GIVEN = (Column(name="temperature", type="number"), Column(name="holiday", type="boolean"))
SHIFT = 0.5  # standard deviations of the load over the years

Score = Callable[[pd.DataFrame], list[ColumnDrift]]


def measure() -> Iterator[Figure]:
    """False alarms by the season and by the whole reference, shifts found."""
    counts = _Count(), _Count(), _Count(), _Count(), _Count()
    for seed in SEEDS:
        _count(seed, *counts)
    seasonal, holdout, load, whole, warmth = counts
    windows = f"in {seasonal.windows} drift-free windows of a seasonal series"
    yield Figure(
        f"drift alarms {windows}, by the season", f"{seasonal}", "1 in 100", seasonal.alarms * 100 <= seasonal.windows
    )
    yield Figure("the same, by the hold-out alone", f"{holdout}", "told", True)
    share = load.confirmed_share
    yield Figure(f"load shifted by {SHIFT} SD, confirmed within two windows", f"{load}", "99 %", share >= 0.99)
    yield Figure("the same, by all of the years as they are", f"{whole}", "told", True)
    yield Figure(f"temperature shifted by {SHIFT} SD", f"{warmth}", "told", True)


class _Count:
    """Findings and alarms over the windows of several years."""

    def __init__(self) -> None:
        self.windows = self.findings = self.alarms = self.pairs = 0

    def add(self, found: list[set[str]]) -> None:
        self.windows += len(found)
        self.pairs += len(found) - 1
        self.findings += sum(map(bool, found))
        self.alarms += sum(bool(one & before) for one, before in zip(found[1:], found, strict=False))

    @property
    def confirmed_share(self) -> float:
        return self.alarms / self.pairs

    def __str__(self) -> str:
        return f"{self.alarms} of {self.pairs} pairs ({self.findings} findings in {self.windows} windows)"


def _count(seed: int, seasonal: _Count, holdout: _Count, load: _Count, whole: _Count, warmth: _Count) -> None:
    forecast = load_workload(FOLDER).workload.forecast
    assert forecast is not None
    columns = forecast.row_columns("load", GIVEN)
    rows = lagged_rows(_series(seed), forecast, "load").iloc[14 * 24 :]
    past, year = rows.iloc[:-YEAR], rows.iloc[-YEAR:]
    months = [year.iloc[start : start + MONTH] for start in range(0, YEAR - MONTH + 1, MONTH)]
    reference = seasonal_reference(past, columns, forecast)
    others = [column for column in columns if column.name != forecast.time]
    newest, years = (reference_profile(part, others) for part in (past.tail(HOLDOUT), past))

    def by_season(month: pd.DataFrame) -> list[ColumnDrift]:
        return score_seasonal(reference, month)

    loads, by = [column.name for column in forecast.made_columns("load")], SHIFT * float(past["load"].std())
    warmer = SHIFT * float(past["temperature"].std())
    seasonal.add(_drifted(by_season, months))
    holdout.add(_drifted(lambda month: score_columns(newest, month), months))
    more = [month.assign(**{name: month[name] + by for name in loads}) for month in months]
    load.add(_drifted(by_season, more, loads))
    whole.add(_drifted(lambda month: score_columns(years, month), more, loads))
    hot = [month.assign(temperature=month["temperature"] + warmer) for month in months]
    warmth.add(_drifted(by_season, hot, ["temperature"]))


def _drifted(score: Score, months: list[pd.DataFrame], among: list[str] | None = None) -> list[set[str]]:
    return [
        {one.column for one in score(month) if one.drifted and (among is None or one.column in among)}
        for month in months
    ]


def _series(seed: int) -> pd.DataFrame:
    spec = importlib.util.spec_from_file_location("electricity_data", Path(FOLDER / "data.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    series: pd.DataFrame = module.make_series("2021-01-01", 4 * 365 + 1, seed)
    return series.assign(time=to_unix_seconds(series["time"]))
