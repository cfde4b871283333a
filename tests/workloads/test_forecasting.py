"""The forecasting recipe, run as the platform runs it, and served as a slot serves it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from lifecycle.forecast import Backtest, Forecast
from monitoring.lagged import lagged_rows
from platforms.packing import load_model
from platforms.quantile_models import quantiles_of
from recipes.contract import CannotTrain, load
from recipes.forecasting import backtested, build_forecaster
from scoring.score import Scorer
from tests.electricity import in_seconds, make_series

ROOT = Path(__file__).parents[2]
FORECAST = Forecast(
    seasons=(timedelta(days=7), timedelta(days=1)),
    quantiles=(0.05, 0.5, 0.95),
    backtest=Backtest(cutoffs=2, stretch=timedelta(days=7)),
)
GIVEN = (Column(name="temperature", type="number"), Column(name="holiday", type="boolean"))
COLUMNS = FORECAST.row_columns("load", GIVEN)
NAMES = [column.name for column in COLUMNS]


@pytest.fixture(scope="module", name="series")
def _series() -> pd.DataFrame:
    rows = lagged_rows(in_seconds(make_series("2024-04-15", 150, seed=0)), FORECAST, "load")
    return rows.astype({"holiday": bool}).iloc[14 * 24 :].reset_index(drop=True)


@pytest.fixture(scope="module", name="trained")
def _trained(series: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a job leaves that has seen all but the newest four weeks."""
    folder = tmp_path_factory.mktemp("job")
    done = run(write(folder / "data", series), folder / "out")
    assert done.returncode == 0, done.stderr
    return folder / "out"


def write(folder: Path, series: pd.DataFrame) -> Path:
    folder.mkdir(exist_ok=True)
    newest = pd.Timestamp(series["time"].iloc[-1], unit="s", tz="UTC")
    manifest = {
        "kind": "forecasting",
        "label": "load",
        "features": NAMES,
        "columns": [column.model_dump(mode="json") for column in COLUMNS],
        "series": FORECAST.for_job(newest.to_pydatetime()),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    series[series["time"] <= newest.timestamp() - 28 * 86400].to_parquet(folder / "train.parquet")
    return folder


def run(data: Path, out: Path) -> subprocess.CompletedProcess[str]:
    words = ("--recipe", "gradient_boosting", "--max_iter", "40", "--learning_rate", "0.2")
    command = [sys.executable, "-m", "recipes", *words, "--data", str(data), "--out", str(out)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_beats_the_seasonal_naive_forecast_and_covers(series: pd.DataFrame, trained: Path) -> None:
    model, trusted = load_model(trained / "model.skops")
    assert all(name.startswith(("sklearn.", "scipy.", "numpy.", "builtins.")) for name in trusted)
    newest = series.tail(28 * 24)
    said = quantiles_of(model, newest[NAMES], FORECAST.quantiles)
    assert said is not None
    error = np.abs(said[:, 1] - newest["load"]).mean()
    assert error < 0.75 * np.abs(newest["load_lag_7d"] - newest["load"]).mean()
    assert 0.6 < ((said[:, 0] <= newest["load"]) & (newest["load"] <= said[:, 2])).mean() <= 1.0


def test_the_backtest_is_of_models_that_knew_nothing_of_the_stretch(series: pd.DataFrame, trained: Path) -> None:
    forecasts = pd.read_parquet(trained / "backtest.parquet")
    newest = pd.Timestamp(series["time"].iloc[-1], unit="s", tz="UTC").to_pydatetime()
    assert sorted(forecasts["cutoff"].unique()) == list(FORECAST.cutoffs(newest))
    assert len(forecasts) == 2 * 7 * 24
    assert (forecasts["time"] >= forecasts["cutoff"]).all()
    model, _ = load_model(trained / "model.skops")
    rows = series.set_index("time").loc[forecasts["time"]].reset_index()
    apart = np.abs(forecasts["prediction"] - model.predict(rows[NAMES]))
    assert apart.mean() > 1  # the model that was kept has seen those stretches, theirs had not
    error = np.abs(forecasts["prediction"] - rows["load"]).groupby(forecasts["cutoff"]).mean().mean()
    assert json.loads((trained / "metrics.json").read_text())["cv_mae"] == pytest.approx(error)


def test_a_slot_answers_with_the_median_and_the_quantiles(series: pd.DataFrame, trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "model.skops", tmp_path)
    model, trusted = load_model(trained / "model.skops")
    described = {"model_file": "model.skops", "trusted_types": trusted, "classes": None}
    described |= {"columns": [column.model_dump(mode="json") for column in COLUMNS], "quantiles": [0.05, 0.5, 0.95]}
    (tmp_path / "perennial.json").write_text(json.dumps(described))
    rows = series[NAMES].tail(3).astype(object)
    rows.iloc[0, NAMES.index("load_lag_1d")] = None  # a gap in the caller's history
    answer = Scorer(tmp_path, None).answer({"input_data": rows.to_dict("records")})
    expected = quantiles_of(model, rows.astype({name: float for name in NAMES}), FORECAST.quantiles)
    assert expected is not None
    for one, quantiles in zip(answer["predictions"], expected.tolist(), strict=True):
        assert one["quantiles"] == pytest.approx(dict(zip(("0.05", "0.5", "0.95"), quantiles, strict=True)))
        assert one["prediction"] == one["quantiles"]["0.5"]


@pytest.mark.parametrize(
    ("recipe", "parameters", "told"),
    [
        ("linear", {}, "linear makes no forecasts; gradient_boosting does"),
        ("gradient_boosting", {"quantile": 0.5}, "no parameter quantile; it has"),
    ],
)
def test_a_recipe_says_what_is_allowed(
    series: pd.DataFrame, tmp_path: Path, recipe: str, parameters: dict[str, object], told: str
) -> None:
    with pytest.raises(CannotTrain, match=told):
        build_forecaster(recipe, load(write(tmp_path / "data", series)), parameters, seed=0)


def test_a_cutoff_before_the_series_is_told(series: pd.DataFrame, tmp_path: Path) -> None:
    task = load(write(tmp_path / "data", series.tail(35 * 24)))
    with pytest.raises(CannotTrain, match="no rows on both sides of the backtest's cut-off"):
        backtested(build_forecaster("gradient_boosting", task, {"max_iter": 1}, seed=0), task)
