"""The demo's world: a model that was good on it is not any more, and one that is trained again is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from deployments.demo.patients import make_patients, with_broken_rows
from deployments.demo.world import World

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "diabetes" / "train.csv"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("diabetes_train", ROOT / "workloads" / "diabetes" / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("source", ["generated", "real"])
def test_drift_costs_and_retraining_pays(source: str) -> None:
    if source == "real" and not REAL.exists():
        pytest.skip("../shared/data is not there")
    patients = make_patients(8000, seed=1) if source == "generated" else pd.read_csv(REAL)
    script, world = _script(), World(patients)
    model = script.train(patients)
    stable, seen, unseen = world.stable(1000, 3), world.drifted(4000, 4), world.drifted(1000, 5)
    again = script.train(pd.concat([patients, seen]))
    before, lost, regained = (
        script.evaluate(one, rows)["roc_auc"] for one, rows in ((model, stable), (model, unseen), (again, unseen))
    )
    assert before > 0.8
    assert lost < before - 0.1
    assert regained > lost + 0.05
    assert 0.2 < unseen["Diabetic"].mean() < 0.6


def test_broken_rows_are_among_the_whole_ones() -> None:
    whole = with_broken_rows(make_patients(100, seed=1), 10, seed=2)
    assert len(whole) == 110
    numeric = whole.apply(pd.to_numeric, errors="coerce")
    assert 5 <= (numeric.isna().any(axis=1) | (numeric["Age"] < 0)).sum() <= 10
