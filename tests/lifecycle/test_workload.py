"""What workload.yaml may say, and what is said of a mistake."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from platforms.workloads import InvalidWorkload, all_workloads, find_workload, load_workload

SHORTEST = """
name: patients
kind: classification
data: {raw: patients/raw/, label: Sick}
"""


def write(folder: Path, text: str, name: str = "patients") -> Path:
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    (target / "workload.yaml").write_text(text)
    return target


def test_three_lines_are_a_workload(tmp_path: Path) -> None:
    workload = load_workload(write(tmp_path, SHORTEST)).workload
    assert workload.metric == "roc_auc"
    assert workload.monitor.every == timedelta(hours=1)
    assert workload.retrain.every is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: Bad Name\nkind: classification\ndata: {raw: a/, label: b}", "name: 'Bad Name' does not match"),
        (SHORTEST.replace("classification", "magic"), "kind: Input should be 'classification' or 'regression'"),
        (SHORTEST.replace("patients/raw/", "../other/"), "data.raw: '../other/' must be relative"),
        (SHORTEST + "monitor: {every: soon}", "monitor.every: 'soon' is no duration"),
        (SHORTEST + "monitor: {then: panic}", "monitor.then: Input should be"),
        (SHORTEST + "gates: {r2: {at_least: 0.5}}", "gates name unknown metrics ['r2']"),
        (SHORTEST + "gates: {roc_auc: {}}", "gates.roc_auc: a gate needs at_least or at_most"),
        (SHORTEST + "gates: {roc_auc: {at_least: high}}", "gates.roc_auc.at_least: Input should be a valid number"),
        (SHORTEST + "colour: red", "colour: there is no such field"),
        (SHORTEST + "train: {script: a.py, recipe: linear}", "train: give a script or a recipe, not both"),
        (SHORTEST + "train: {script: absent.py}", "train.script: there is no file absent.py"),
        (SHORTEST + "budget: {retrainings_per_week: -1}", "budget.retrainings_per_week: Input should be greater"),
        ("- a list", "it must hold fields"),
        ("name: [unclosed", "it is no YAML"),
    ],
)
def test_a_mistake_is_told_by_file_and_field(tmp_path: Path, text: str, told: str) -> None:
    folder = write(tmp_path, text)
    with pytest.raises(InvalidWorkload) as caught:
        load_workload(folder)
    assert told in str(caught.value)
    assert str(folder / "workload.yaml") in str(caught.value)


def test_one_broken_file_hurts_no_other(tmp_path: Path) -> None:
    write(tmp_path, SHORTEST)
    write(tmp_path, "name: 5", "broken")
    write(tmp_path, SHORTEST, "twin")
    valid, broken = all_workloads(tmp_path)
    assert [found.workload.name for found in valid] == ["patients"]
    assert len(broken) == 2
    assert "has the name patients too" in str(broken[1])


def test_an_unknown_workload_is_told_with_those_there_are(tmp_path: Path) -> None:
    write(tmp_path, SHORTEST)
    with pytest.raises(LookupError, match="There are: patients"):
        find_workload(tmp_path, "absent")


def test_the_projects_own_workloads_are_valid() -> None:
    valid, broken = all_workloads(Path(__file__).parents[2] / "workloads")
    assert broken == []
    assert {"diabetes", "progression"} <= {found.workload.name for found in valid}
