"""The backtest of a forecasting workload, scored where the model is registered; `backtest_gate.py` is its gate.

A training job leaves forecasts, `backtest.parquet`; what they are worth is computed here, from the platform's labels.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

from lifecycle.dataset import DatasetManifest
from lifecycle.metrics import LOWER_IS_BETTER
from lifecycle.names import job_prefix
from platforms.ports import RegisteredModel
from tasks.context import Context

BACKTEST = "perennial.backtest"  # the version's tag: a metric's values by cut-off, or why there are none
FILE = "backtest.parquet"


def backtest_tags(context: Context, manifest: DatasetManifest, outputs: Path) -> dict[str, str]:
    """What the version bears of its backtest; nothing where nothing is forecast."""
    if manifest.forecast is None:
        return {}
    return {BACKTEST: json.dumps(_scored(context, manifest, outputs / FILE))}


def promised_at_worst(version: RegisteredModel, metric: str, held_out: float | None) -> float | None:
    """What the version promised of a metric: the hold-out's value or, where that is worse, the backtest's mean and a
    spread beyond it. One stretch is of one time of the year; a month that is harder than it is no loss."""
    values = json.loads(version.tags.get(BACKTEST, "{}")).get("metrics", {}).get(metric)
    if held_out is None or values is None:
        return held_out
    from monitoring.backtest import Backtested

    found = Backtested(metric, tuple(values))
    if metric in LOWER_IS_BETTER:
        return max(held_out, found.mean + found.spread)
    return min(held_out, found.mean - found.spread)


def _scored(context: Context, manifest: DatasetManifest, file: Path) -> dict[str, object]:
    import pandas as pd

    from monitoring.backtest import score_backtest
    from monitoring.errors import UnusableData

    forecast = manifest.forecast
    if forecast is None or not file.is_file():
        return {"problem": f"the training left no {FILE}"}
    content = context.platform.blobs.read(f"{job_prefix(manifest.workload, manifest.version)}train.parquet")
    rows = pd.read_parquet(io.BytesIO(content), columns=[forecast.time, manifest.label])
    labels = rows.set_index(forecast.time)[manifest.label]
    try:
        cutoffs = forecast.cutoffs(manifest.newest)
        found = score_backtest(pd.read_parquet(file), labels, forecast, cutoffs, manifest.terms)
    except (UnusableData, ValueError) as problem:
        return {"problem": str(problem)}
    return {"cutoffs": list(cutoffs), "metrics": {name: list(one.values) for name, one in found.items()}}
