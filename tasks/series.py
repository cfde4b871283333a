"""From the rows of raw data to a series: each time once, with its lags, the newest stretch held out."""

from __future__ import annotations

import pandas as pd

from lifecycle.dataset import OBSERVED_AT
from lifecycle.durations import spell_duration
from lifecycle.forecast import Forecast
from monitoring.errors import UnusableData
from monitoring.lagged import lagged_rows, seasonal_error
from tasks.dataset_content import IDENTITY, SplitRows


def series_rows(rows: pd.DataFrame, forecast: Forecast, label: str, newest_rows: int | None) -> SplitRows:
    """The rows that a series makes: each time once, as it was observed last.

    rows: in the order they were observed, with the time in Unix seconds. The first rows, which lack their oldest lag,
    are left out. A row is held out by its time alone: never by chance, so that no model has seen what came after.
    UnusableData where nothing is left to train on.
    """
    series = rows.drop_duplicates(forecast.time, keep="last").sort_values(forecast.time, ignore_index=True)
    whole = lagged_rows(series, forecast, label)
    begins = series[forecast.time].iloc[0] + forecast.memory.total_seconds()
    kept = whole[whole[forecast.time] >= begins]
    kept = (kept if newest_rows is None else kept.tail(newest_rows)).reset_index(drop=True)
    cut = series[forecast.time].iloc[-1] - forecast.holdout.total_seconds()
    held_out = (kept[forecast.time] > cut).to_numpy()
    if held_out.all():
        needed = spell_duration(forecast.memory + forecast.holdout)
        raise UnusableData(f"The series leaves nothing to train on: {needed} are looked back on or held out.")
    kept[OBSERVED_AT] = pd.to_datetime(kept[forecast.time], unit="s", utc=True)
    kept[IDENTITY] = ""
    return SplitRows(kept, held_out, seasonal_error(series, forecast, label, before=cut))
