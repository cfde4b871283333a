"""Forecasts: gradient boosting with the quantile loss, a model a quantile, in one estimator that is scikit-learn's own.

A `VotingRegressor` whose weights are all the median's: `predict` is the median, `transform` all quantiles. So it needs
no class of ours, and is saved and loaded without pickle. The calendar is made inside the model, of the time column:
periodic splines (`SplineTransformer`) say where in each season a row lies. The lags stand in the rows.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recipes.contract import CannotTrain, Task

RECIPE = "gradient_boosting"
MEDIAN = 0.5
PIECES = 6  # a season is cut into so many; trees find any hour between two of them
_OURS = ("loss", "quantile")


def build_forecaster(recipe: str, task: Task, parameters: dict[str, Any], seed: int) -> Any:
    """The pipeline, not yet fitted. CannotTrain names what is allowed instead of what is not known."""
    from sklearn.ensemble import HistGradientBoostingRegressor, VotingRegressor
    from sklearn.pipeline import make_pipeline

    if recipe != RECIPE:
        raise CannotTrain(f"{recipe} makes no forecasts; {RECIPE} does")
    known = [name for name in inspect.signature(HistGradientBoostingRegressor).parameters if name not in _OURS]
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise CannotTrain(f"{recipe} of a forecast has no parameter {', '.join(unknown)}; it has {', '.join(known)}")
    # Stopping early would judge by rows drawn at random, among which the next hour tells of the last.
    settings = {"early_stopping": False, "random_state": seed, **parameters}
    levels = task.series["quantiles"]
    each = [
        (f"q{level}", HistGradientBoostingRegressor(loss="quantile", quantile=level, **settings)) for level in levels
    ]
    return make_pipeline(_prepare(task), VotingRegressor(each, weights=[float(level == MEDIAN) for level in levels]))


def backtested(model: Any, task: Task) -> pd.DataFrame:
    """Forecasts from each of the task's cut-offs, by a model that was fitted to the rows before it.

    Columns: cutoff and time (Unix seconds), prediction, and a column a quantile, named by its level. CannotTrain where
    nothing lies before a cut-off.
    """
    from sklearn.base import clone

    time = task.features[task.series["time"]]
    parts = []
    for fold in task.series["backtest"]:
        before = time < fold["cutoff"]
        after = (time >= fold["cutoff"]) & (time < fold["until"])
        if not before.any() or not after.any():
            moment = pd.Timestamp(fold["cutoff"], unit="s")
            raise CannotTrain(
                f"the series holds no rows on both sides of the backtest's cut-off {moment:%Y-%m-%d %H:%M}"
            )
        fitted = clone(model).fit(task.features[before], task.label[before])
        forecasts = pd.DataFrame(
            {"cutoff": fold["cutoff"], "time": time[after], "prediction": fitted.predict(task.features[after])}
        )
        quantiles = fitted.transform(task.features[after])
        parts.append(
            forecasts.assign(**{str(level): quantiles[:, n] for n, level in enumerate(task.series["quantiles"])})
        )
    return pd.concat(parts, ignore_index=True)


def mean_absolute_error(forecasts: pd.DataFrame, task: Task) -> dict[str, float]:
    """What a search can go by: the mean over the cut-offs."""
    label = pd.Series(task.label.to_numpy(), index=task.features[task.series["time"]].to_numpy())
    errors = np.abs(forecasts["prediction"] - label.reindex(forecasts["time"]).to_numpy())
    return {"cv_mae": float(errors.groupby(forecasts["cutoff"]).mean().mean()), "rows": float(len(task.label))}


def save_backtest(forecasts: pd.DataFrame, folder: Path) -> None:
    """Write `backtest.parquet`, which the platform scores."""
    folder.mkdir(parents=True, exist_ok=True)
    forecasts.to_parquet(folder / "backtest.parquet", index=False)


def _prepare(task: Task) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder

    time = task.series["time"]
    seasons = [(f"season {number}", _season(length), [time]) for number, length in enumerate(task.series["seasons"])]
    numbers = ("numbers", "passthrough", [name for name in task.numbers if name != time])
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    categories = [("categories", encoder, task.categories)] if task.categories else []
    return ColumnTransformer([*seasons, numbers, *categories])


def _season(seconds: float) -> Any:
    from sklearn.preprocessing import SplineTransformer

    knots = np.linspace(0, seconds, PIECES + 1)[:, None]
    return SplineTransformer(knots=knots, degree=1, extrapolation="periodic")
