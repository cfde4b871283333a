"""What every training script gets and leaves: Parquet and a manifest in, a skops file and metrics out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


class CannotTrain(ValueError):
    """Data or parameters that no model can be made of, in words."""


@dataclass(frozen=True)
class Task:
    """What is to be learnt from what."""

    kind: str
    features: pd.DataFrame
    label: pd.Series
    types: dict[str, str]  # by feature: number, integer, category or boolean
    series: dict[str, Any] = field(default_factory=dict)  # of a forecast: time, seasons (s), quantiles, backtest

    @property
    def categories(self) -> list[str]:
        """The features that are no numbers."""
        return [name for name, kind in self.types.items() if kind == "category"]

    @property
    def numbers(self) -> list[str]:
        """All the others; a boolean counts as 0 and 1."""
        return [name for name, kind in self.types.items() if kind != "category"]


def load(folder: Path) -> Task:
    """Read a dataset version's `train.parquet` and `manifest.json`. CannotTrain where they do not suffice."""
    manifest = json.loads((folder / "manifest.json").read_text())
    frame = pd.read_parquet(folder / "train.parquet")
    missing = [name for name in [*manifest["features"], manifest["label"]] if name not in frame]
    if missing:
        raise CannotTrain(f"train.parquet lacks the columns {', '.join(missing)}")
    if frame.empty:
        raise CannotTrain("train.parquet holds no rows")
    label = frame[manifest["label"]]
    if manifest["kind"] == "classification" and label.nunique() < 2:
        raise CannotTrain(f"the label {manifest['label']} has one class only: {label.iloc[0]}")
    types = {column["name"]: column["type"] for column in manifest["columns"]}
    return Task(manifest["kind"], frame[manifest["features"]], label, types, manifest.get("series") or {})


def cross_validated(model: Any, task: Task, seed: int) -> dict[str, float]:
    """The mean metric over three folds: roc_auc for two classes, accuracy for more, r2 for a regression."""
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

    if task.kind == "regression":
        metric: str = "r2"
        folds: Any = KFold(3, shuffle=True, random_state=seed)
    else:
        metric = "roc_auc" if task.label.nunique() == 2 else "accuracy"
        folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    scores = cross_val_score(model, task.features, task.label, cv=folds, scoring=metric)
    return {f"cv_{metric}": float(np.mean(scores)), "rows": float(len(task.label))}


def save(model: Any, metrics: dict[str, float], folder: Path) -> None:
    """Write `model.skops` and `metrics.json`."""
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(model, folder / "model.skops")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1))
