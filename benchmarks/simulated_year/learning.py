"""What every policy shares: the recipe's model trained on labelled rows, and the gate that a candidate must pass."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.simulated_year.world import COLUMNS, World
from lifecycle.workload import Budget, Data, Train, Workload
from monitoring.comparison import compare
from monitoring.metrics import metrics_for
from recipes.contract import Task
from recipes.estimators import build

RECIPE = "gradient_boosting"
CLASSES = (0, 1)
# The defaults, but that it looks once a day: so models are judged by the area under the ROC curve.
WORKLOAD = Workload(
    name="simulated-year",
    kind="classification",
    data=Data(raw="year/raw/", label="label", columns=COLUMNS),
    train=Train(recipe=RECIPE),
    monitor={"every": "1d"},  # type: ignore[arg-type]
    budget=Budget(price_per_hour=0.9),
)
METRIC = WORKLOAD.metric


@dataclass(frozen=True)
class Model:
    """A version: what it was trained on, and what it promises.

    trained, holdout: places of rows. learnt_since: when the oldest of them was made. seconds: the fit.
    """

    version: int
    estimator: Any
    trained: np.ndarray
    holdout: np.ndarray
    learnt_since: float
    promised: dict[str, float]
    seconds: float

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """Of the second class, shape (rows,)."""
        return np.asarray(self.estimator.predict_proba(features))[:, 1]

    @cached_property
    def rows(self) -> int:
        """Of the dataset, with those held out."""
        return len(self.trained) + len(self.holdout)


def train(world: World, rows: np.ndarray, version: int) -> Model:
    """The recipe on those of the rows that are not held out; its promise is by those that are."""
    held_out = world.held_out[rows]
    trained, holdout = rows[~held_out], rows[held_out]
    types = {column.name: str(column.type) for column in COLUMNS}
    task = Task("classification", world.features.iloc[trained], pd.Series(world.label[trained]), types)
    start = time.perf_counter()
    estimator = build(RECIPE, task, {}, seed=0).fit(task.features, task.label)
    seconds = time.perf_counter() - start
    probability = np.asarray(estimator.predict_proba(world.features.iloc[holdout]))[:, 1]
    prediction = (probability > 0.5).astype(int)
    promised = metrics_for("classification", world.label[holdout], prediction, probability, CLASSES)
    return Model(version, estimator, trained, holdout, float(world.made_at[rows[0]]), promised, seconds)


def passes(world: World, champion: Model, candidate: Model) -> bool:
    """The release's gate: whether the candidate beats the champion on its newest rows that nobody trained on."""
    newest = candidate.holdout[-WORKLOAD.release.compare_rows :]
    features = world.features.iloc[newest]
    found = compare(
        WORKLOAD.kind,
        WORKLOAD.metric,
        world.label[newest],
        champion.probability(features),
        candidate.probability(features),
        seed=0,
        classes=CLASSES,
    )
    return found.challenger_wins
