"""A series as rows that a model can be asked with: what was known when the forecast was made, beside each time.

Times are Unix seconds. A row's lags lie at the horizon or further back, so that the furthest row of a forecast has
them all; one model then answers every step up to the horizon ("direct" forecasting). Callers who ask a served model
make their rows with `rows_to_ask`, so that production sees what training saw.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from lifecycle.forecast import Forecast
from monitoring.coercion import to_numbers


def to_unix_seconds(values: pd.Series) -> pd.Series:
    """Times as float64, missing where there is none to be read: ISO 8601 (UTC, where no offset stands), timestamps,
    or numbers, which are Unix seconds already."""
    if pd.api.types.is_datetime64_any_dtype(values):
        read = pd.to_datetime(values, utc=True)
    else:
        seconds = to_numbers(values)
        if seconds.notna().all():
            return seconds
        read = pd.to_datetime(values.where(seconds.isna()), utc=True, format="ISO8601", errors="coerce")
    since = (read - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    return since if pd.api.types.is_datetime64_any_dtype(values) else since.where(seconds.isna(), seconds)


def lagged_rows(series: pd.DataFrame, forecast: Forecast, label: str) -> pd.DataFrame:
    """The series with its lags and means, in the order of time.

    series: the time (Unix seconds, each once), the label (missing where it is not known), and any other columns,
    which stay as they are. What the series does not hold is missing.
    """
    rows = series.sort_values(forecast.time, ignore_index=True)
    known = rows.set_index(forecast.time)[label].dropna()
    at = rows[forecast.time].to_numpy()
    made = {
        forecast.lag_name(label, lag): known.reindex(at - lag.total_seconds()).to_numpy() for lag in forecast.known_lags
    }
    origin = at - forecast.horizon.total_seconds()
    for span in forecast.spans:
        made[forecast.mean_name(label, span)] = _means(known, span).reindex(origin).to_numpy()
    return rows.assign(**made)


def rows_to_ask(history: pd.DataFrame, ahead: pd.DataFrame, forecast: Forecast, label: str) -> pd.DataFrame:
    """What to ask a model: a row for each of `ahead` (time and what is known of it), with the history's lags.

    Both with the time as in the raw data. history: with the label; values that it lacks are missing in the rows.
    """
    both = pd.concat([history, ahead.assign(**{label: np.nan})], ignore_index=True)
    both[forecast.time] = to_unix_seconds(both[forecast.time])
    both = both.drop_duplicates(forecast.time, keep="last")
    wanted = to_unix_seconds(ahead[forecast.time])
    rows = lagged_rows(both, forecast, label).drop(columns=label)
    return rows[rows[forecast.time].isin(wanted)].reset_index(drop=True)


def seasonal_error(series: pd.DataFrame, forecast: Forecast, label: str, before: float) -> float | None:
    """The mean absolute error of the seasonal naive forecast before that time (Unix seconds).

    Hyndman and Koehler 2006 scale by it, in sample. None where there is no such pair, or no error.
    """
    known = series.set_index(forecast.time)[label].dropna()
    known = known[known.index < before]
    naive = known.reindex(known.index - forecast.naive_lag.total_seconds()).to_numpy()
    errors = np.abs(known.to_numpy() - naive)
    errors = errors[np.isfinite(errors)]
    return float(errors.mean()) if len(errors) and errors.mean() > 0 else None


def _means(known: pd.Series, span: timedelta) -> pd.Series:
    """The mean of the span that ends with each known value, itself included."""
    moments = known.set_axis(pd.to_datetime(known.index, unit="s"))
    return moments.rolling(span).mean().set_axis(known.index)
