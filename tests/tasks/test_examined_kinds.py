"""Models of every kind are examined: numbers, quantiles, more than two classes, booleans among their columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from lifecycle.forecast import Forecast
from monitoring.metric_intervals import metric_intervals
from tasks.evaluation import outcomes_of
from tasks.staging_checks.part import Subject
from tasks.staging_checks.sensitivity import sensitivity
from tasks.staging_checks.slices import slices
from tests.tasks.manifests import manifest_of
from tests.tasks.subjects import subject_of, workload_of

COLUMNS = (
    Column(name="heat", type="number", minimum=-5, maximum=5),
    Column(name="floors", type="integer", minimum=0, maximum=9),
    Column(name="holiday", type="boolean", missing_allowed=True),
)


class Straight:
    """A regression on the columns; every value must be a float, as a slot gives them. `bias` spoils the holidays."""

    def __init__(self, bias: float = 0.0) -> None:
        self._bias = bias

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        assert all(kind == np.float64 for kind in rows.dtypes)
        holiday = rows["holiday"].fillna(0).to_numpy()
        return (10 * rows["heat"] + rows["floors"]).to_numpy() + self._bias * holiday


class Quantiles(Straight):
    """The same as a forecast."""

    def transform(self, rows: pd.DataFrame) -> np.ndarray:
        return self.predict(rows)[:, None] + np.array([-1.3, 0.0, 1.3])


class Classes(Straight):
    """Three classes by the same number."""

    classes_ = ("cold", "mild", "warm")

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        said = self.predict(rows)
        raw = np.exp(-np.abs(said[:, None] - np.array([-10.0, 4.0, 18.0])) / 4)
        return raw / raw.sum(axis=1, keepdims=True)


def make(kind: Any, folder: Path, candidate: Any, champion: Any) -> Subject:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"heat": rng.normal(0, 1, 1500), "floors": rng.integers(0, 9, 1500)})
    frame["holiday"] = rng.random(1500) < 0.2
    value = 10 * frame["heat"] + frame["floors"] + rng.normal(0, 1, 1500)
    names = np.array(["cold", "mild", "warm"])
    frame["y"] = names[np.digitize(value, [-3, 11])] if kind == "classification" else value
    manifest = manifest_of(kind, "y", *COLUMNS)
    more: dict[str, Any] = {"release": {"slices": ["holiday"]}, "kind": kind}
    if kind == "forecasting":
        manifest = manifest.model_copy(update={"forecast": Forecast(), "seasonal_error": 5.0})
        more["forecast"] = {}
    workload = workload_of(data={"label": "y"}, **more)
    return subject_of(folder, workload, candidate, champion, rows=frame.astype({"holiday": float}), manifest=manifest)


@pytest.mark.parametrize(
    ("kind", "model"), [("regression", Straight), ("forecasting", Quantiles), ("classification", Classes)]
)
def test_it_is_examined_as_any_other(kind: str, model: type[Straight], tmp_path: Path) -> None:
    subject = make(kind, tmp_path, model(), model())
    subject.candidate.holdout.frame["floors"] = subject.candidate.holdout.frame["floors"].astype(float)
    noise, gaps = sensitivity(subject).checks
    assert noise.passed, noise.seen
    assert gaps.passed, gaps.seen
    assert slices(subject).passed
    spoilt = make(kind, tmp_path, model(bias=20.0), model())
    spoilt.candidate.holdout.frame["floors"] = spoilt.candidate.holdout.frame["floors"].astype(float)
    (check,) = slices(spoilt).checks
    assert not check.passed
    assert check.seen.startswith("true would surely lose")
    workload, holdout = subject.context.workload, subject.candidate.holdout
    values = metric_intervals(workload.kind, outcomes_of(workload, subject.candidate.model, holdout), seed=0)
    assert values
    assert all(one.low is not None and one.high is not None and one.low <= one.value <= one.high for one in values)


def test_booleans_and_integers_reach_the_model_as_floats(tmp_path: Path) -> None:
    """Whatever the hold-out's columns are: a slot makes floats of them."""
    subject = make("regression", tmp_path, Straight(), None)
    frame = subject.candidate.holdout.frame
    frame["holiday"] = frame["holiday"].astype(bool)
    assert frame["floors"].dtype != np.float64
    assert all(check.passed for check in sensitivity(subject).checks), sensitivity(subject).checks
