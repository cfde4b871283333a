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
SEARCH = "train: {{search: {{space: {{{}}}, {}objective: roc_auc}}}}"


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


def test_what_was_written_before_is_valid_still(tmp_path: Path) -> None:
    text = SHORTEST + "monitor: {every: 1h, window: 2d, minimum_rows: 100, then: notify, retrain_on_drift: true}"
    monitor = load_workload(write(tmp_path, text)).workload.monitor
    assert monitor.drift_leads_to == "retrain"
    said = SHORTEST + "monitor: {on_drift: annotate, confirm: [], cooldown: 6h, roll_back_within: 2d, keep_reports: 7d}"
    assert load_workload(write(tmp_path, said)).workload.monitor.confirm == ()


def test_what_staging_examines_by_may_be_said_in_part(tmp_path: Path) -> None:
    said = "release: {slices: [Age], load: {within: 20s, times_champion: null}, sensitivity: {loss: 0.1}}"
    columns = "data: {raw: patients/raw/, label: Sick, columns: {Age: 0..120}}"
    release = load_workload(write(tmp_path, SHORTEST.rpartition("data:")[0] + columns + "\n" + said)).workload.release
    assert (release.slices, release.load.times_champion, release.sensitivity.loss) == (("Age",), None, 0.1)
    assert (release.load.within, release.load.requests) == (timedelta(seconds=20), 200)
    assert release.training_data.quarantined == 0.2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: Bad Name\nkind: classification\ndata: {raw: a/, label: b}", "name: 'Bad Name' does not match"),
        (
            SHORTEST.replace("classification", "magic"),
            "kind: Input should be 'classification', 'regression' or",
        ),
        (SHORTEST.replace("patients/raw/", "../other/"), "data.raw: '../other/' must be relative"),
        (SHORTEST + "monitor: {every: soon}", "monitor.every: 'soon' is no duration"),
        (SHORTEST + "monitor: {then: panic}", "monitor.then: Input should be"),
        (SHORTEST + "gates: {r2: {at_least: 0.5}}", "gates name unknown metrics ['r2']"),
        (SHORTEST + "gates: {roc_auc: {}}", "gates.roc_auc: a gate needs at_least or at_most"),
        (SHORTEST + "gates: {roc_auc: {at_least: high}}", "gates.roc_auc.at_least: Input should be a valid number"),
        (SHORTEST + "colour: red", "colour: there is no such field"),
        (
            SHORTEST.replace("Sick}", "Sick, columns: {Age: 0..120}}") + "release: {slices: [Height]}",
            "release.slices names no column: ['Height']",
        ),
        (SHORTEST + "release: {load: {requests: 10}}", "release.load.requests: Input should be greater"),
        (SHORTEST + "train: {script: a.py, recipe: linear}", "train: give a script or a recipe, not both"),
        (SHORTEST + "train: {script: absent.py}", "train.script: there is no file absent.py"),
        (SHORTEST + "budget: {retrainings_per_week: -1}", "budget.retrainings_per_week: Input should be greater"),
        (SHORTEST + "budget: {cost_per_month: 50}", "budget: cost_per_month needs price_per_hour"),
        (SHORTEST + "monitor: {confirm: [weather]}", "monitor.confirm.0: Input should be 'drift'"),
        (SHORTEST + "monitor: {retrain_on_drift: true, on_drift: notify}", "on_drift: notify contradict each other"),
        (SHORTEST + "monitor: {keep_reports: 0d}", "monitor.keep_reports: '0d' is no duration"),
        (SHORTEST + "train: {script: a.py, job: a.yml}", "train: give a job or a script or a recipe"),
        (SHORTEST + "train: {job: absent.yml}", "train.job: there is no file absent.yml"),
        (SHORTEST + SEARCH.format("x: 5", ""), "train.search.space.x: write a range, such as {low: 0.01"),
        (SHORTEST + SEARCH.format("x: {low: 2, high: 1}", ""), "space.x.range: low must be below high"),
        (SHORTEST + SEARCH.format("x: {low: 0, high: 1, log: true}", ""), "with log, low must be above 0"),
        (SHORTEST + SEARCH.format("x: [1, 1]", ""), "space.x names a choice twice"),
        (SHORTEST + SEARCH.format("data: [1, 2]", ""), "space.data: --data is what tells the script its folder"),
        (SHORTEST + SEARCH.format("x: [1]", "trials: 0, "), "train.search.trials: Input should be greater"),
        (SHORTEST + SEARCH.format("x: {low: 0, high: 1}", "sampling: grid, "), "a grid takes lists of choices only"),
        (
            SHORTEST + SEARCH.format("x: [1, 2]", "sampling: grid, trials: 1, "),
            "the grid has 2 points, and trials is 1",
        ),
        (SHORTEST + SEARCH.format("x: [1, 2]", "colour: 1, "), "train.search.colour: there is no such field"),
        (SHORTEST + "train: {search: {space: {x: [1]}, objective: mine}}", "mine is no metric that is known: say goal"),
        (SHORTEST + "train: {search: {space: {x: [1]}, objective: cv_r2}}", "cv_r2 is no metric of a classification"),
        (
            SHORTEST + "train: {recipe: linear, search: {space: {C: [1, 2]}, objective: roc_auc}}",
            "a recipe of a classification writes cv_roc_auc, cv_accuracy only",
        ),
        (
            SHORTEST + "train: {parameters: {x: 1}, search: {space: {x: [1, 2]}, objective: roc_auc}}",
            "x stands in parameters and in search.space",
        ),
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
