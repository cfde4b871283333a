"""Training scripts, run as the platform runs them: a subprocess, Parquet in, a skops model out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from deployments.demo.patients import make_patients
from monitoring.inference import infer_columns
from platforms.packing import UnusableModel, load_model
from tests.people import make_people

ROOT = Path(__file__).parents[2]


def write(folder: Path, frame: pd.DataFrame, label: str, kind: str) -> Path:
    """A dataset version as a job sees it."""
    folder.mkdir(exist_ok=True)
    columns = infer_columns(frame.astype(str), exclude={label})
    manifest = {
        "kind": kind,
        "label": label,
        "features": [column.name for column in columns],
        "columns": [column.model_dump(mode="json") for column in columns],
    }
    frame.to_parquet(folder / "train.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(str(word) for word in words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("recipe", ["gradient_boosting", "linear", "random_forest"])
@pytest.mark.parametrize(("label", "kind"), [("sick", "classification"), ("weight", "regression")])
def test_a_recipe_trains(tmp_path: Path, recipe: str, label: str, kind: str) -> None:
    people = make_people(300, seed=1)
    people.loc[::17, "age"] = None
    people.loc[::13, "region"] = None
    data = write(tmp_path / "data", people, label, kind)
    done = run("-m", "recipes", "--recipe", recipe, "--data", data, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    model, _ = load_model(tmp_path / "out" / "model.skops")
    assert len(model.predict(people.drop(columns=label))) == 300
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["rows"] == 300


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--recipe", "magic"], "there are gradient_boosting, linear, random_forest"),
        (["--recipe", "linear", "--depth", "3"], "linear has no parameter depth; it has"),
    ],
)
def test_a_recipe_says_what_is_allowed(tmp_path: Path, words: list[str], told: str) -> None:
    data = write(tmp_path / "data", make_people(50, seed=1), "sick", "classification")
    done = run("-m", "recipes", *words, "--data", data, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert told in done.stderr


def test_one_class_cannot_be_trained_on(tmp_path: Path) -> None:
    data = write(tmp_path / "data", make_people(50, seed=1).assign(sick=1), "sick", "classification")
    done = run("-m", "recipes", "--recipe", "linear", "--data", data, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "one class only" in done.stderr


def test_the_diabetes_script_trains(tmp_path: Path) -> None:
    data = write(tmp_path / "data", make_patients(1000, seed=1), "Diabetic", "classification")
    script = ROOT / "workloads" / "diabetes" / "train.py"
    done = run(script, "--data", data, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["roc_auc"] > 0.75
    load_model(tmp_path / "out" / "model.skops")
    write(tmp_path / "data", make_patients(100, seed=1).drop(columns="Age"), "Diabetic", "classification")
    done = run(script, "--data", data, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "lacks the columns Age" in done.stderr


def test_no_model_and_a_strange_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"wrote no model\.skops"):
        load_model(tmp_path / "model.skops")
    (tmp_path / "model.skops").write_bytes(b"no model at all")
    with pytest.raises(UnusableModel, match="cannot be loaded"):
        load_model(tmp_path / "model.skops")
