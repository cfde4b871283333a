"""Drift of a series: the window against the champion's series as a whole, season by season."""

from __future__ import annotations

import io

import pandas as pd

from lifecycle.dataset import OBSERVED_AT
from lifecycle.names import job_prefix
from monitoring.drift import ColumnDrift
from monitoring.lagged import to_unix_seconds
from monitoring.seasonal import same_weeks, score_seasonal, seasonal_reference
from tasks.context import Context
from tasks.datasets import Holdout


def whole_series(context: Context, holdout: Holdout) -> pd.DataFrame:
    """The rows of the hold-out's dataset version, trained on or held out: one stretch alone knows one season."""
    manifest = holdout.manifest
    content = context.platform.blobs.read(f"{job_prefix(manifest.workload, manifest.version)}train.parquet")
    held_out = holdout.frame.drop(columns=OBSERVED_AT)
    return pd.concat([pd.read_parquet(io.BytesIO(content)), held_out], ignore_index=True)


def seasonal_drift(context: Context, holdout: Holdout, inputs: pd.DataFrame) -> list[ColumnDrift]:
    """Every feature's drift but the time's, by the season that the window's rows are of."""
    manifest = holdout.manifest
    if manifest.forecast is None:
        raise ValueError(f"{manifest.workload} forecasts no series")
    minimum = context.workload.monitor.minimum_rows
    series = whole_series(context, holdout)
    reference = seasonal_reference(series, manifest.columns, manifest.forecast)
    return score_seasonal(reference, inputs, minimum_rows=minimum)


def seen_beside(context: Context, holdout: Holdout, inputs: pd.DataFrame) -> pd.DataFrame:
    """What a window is drawn beside: the hold-out's features; of a series those of the same weeks, where any are."""
    forecast = holdout.manifest.forecast
    if forecast is None:
        return holdout.features
    when = to_unix_seconds(inputs[forecast.time]).dropna()
    same = (
        same_weeks(whole_series(context, holdout), when.to_frame(forecast.time), forecast)
        if len(when)
        else holdout.features
    )
    return (same if len(same) else holdout.features)[holdout.manifest.features]
