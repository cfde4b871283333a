"""Sweep jobs: trials really run, the best of them told and downloaded."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import Emulator, make_client, wait
from tests.waiting import until

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_TRIAL = """
import pathlib, sys
import mlflow
rate, depth, out = float(sys.argv[1]), sys.argv[2], sys.argv[3]
mlflow.start_run()
mlflow.log_metric("auc", 1 - abs(rate - 0.3))
pathlib.Path(out, "model.txt").write_text(f"{rate} {depth}")
print("tried", rate, depth)
"""


@pytest.fixture
def client(tracked_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    from azure.ai.ml.entities import Environment

    for name, value in tracked_emulator.description["environment"].items():
        monkeypatch.setenv(name, value)
    made = make_client(tracked_emulator, "development")
    made.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    return made


def _sweep(command: str, space: dict[str, Any], algorithm: Any, code: Path | None = None, **limits: int) -> Any:
    from azure.ai.ml import Output
    from azure.ai.ml import command as make
    from azure.ai.ml.sweep import BanditPolicy

    inputs = dict.fromkeys(space, 0)
    outputs = {"model": Output(type="uri_folder")}
    where = None if code is None else str(code)
    trial = make(command=command, environment="azureml:bare:1", inputs=inputs, outputs=outputs, code=where)
    job = trial(**space).sweep(sampling_algorithm=algorithm, primary_metric="auc", goal="maximize")
    job.name = f"sweep-{uuid4().hex[:8]}"
    job.set_limits(**limits)
    job.early_termination = BanditPolicy(slack_factor=0.1, evaluation_interval=1)
    return job


def test_a_grid_is_tried_and_the_best_is_downloaded(client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.sweep import Choice

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "trial.py").write_text(_TRIAL)
    command = "python trial.py ${{inputs.rate}} ${{inputs.depth}} ${{outputs.model}}"
    space = {"rate": Choice([0.1, 0.3, 0.9]), "depth": Choice(["deep"])}
    made = client.jobs.create_or_update(_sweep(command, space, "grid", tmp_path / "code", max_total_trials=9))
    assert wait(client, made.name) == "Completed"
    job = client.jobs.get(made.name)
    assert job.properties["best_child_run_id"] == f"{made.name}_1"
    assert float(job.properties["score"]) == pytest.approx(1.0)
    children = {child.name: child for child in client.jobs.list(parent_job_name=made.name)}
    assert sorted(children) == [f"{made.name}_{number}" for number in range(3)]
    assert {child.status for child in children.values()} == {"Completed"}
    assert not set(children) & {found.name for found in client.jobs.list()}
    client.jobs.download(made.name, download_path=tmp_path / "got", all=True)
    assert (tmp_path / "got/named-outputs/model/model.txt").read_text() == "0.3 deep"
    assert "tried 0.3 deep" in (tmp_path / "got/artifacts/user_logs/std_log.txt").read_text()
    client.data.get(f"azureml_{made.name}_output_data_model", "1")


def _points(client: MLClient, sampling: Any, tmp_path: Path) -> list[str]:
    """What the trials of a sweep were told, in their order."""
    from azure.ai.ml.sweep import Choice, LogUniform, QUniform, Randint, Uniform

    space = {
        "a": Uniform(0, 1),
        "b": QUniform(10, 20, 5),
        "c": LogUniform(-2, -1),
        "d": Randint(3),
        "e": Choice(["x", "y"]),
    }
    command = "echo " + " ".join(f"${{{{inputs.{name}}}}}" for name in space) + " > ${{outputs.model}}/point"
    limits = {"max_total_trials": 3, "max_concurrent_trials": 2}
    made = client.jobs.create_or_update(_sweep(command, space, sampling, **limits))
    assert wait(client, made.name) == "Completed"
    assert "best_child_run_id" not in client.jobs.get(made.name).properties  # nothing was logged
    points = []
    for number in range(3):
        folder = tmp_path / f"{made.name}-{number}"
        client.jobs.download(f"{made.name}_{number}", download_path=folder, output_name="model")
        points.append((folder / "named-outputs/model/point").read_text())
    return points


def test_a_seed_gives_the_same_points_again(client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.sweep import RandomSamplingAlgorithm

    first, again, other = (_points(client, RandomSamplingAlgorithm(seed=seed), tmp_path) for seed in (7, 7, 8))
    assert first == again != other
    for point in first:
        a, b, c, d, e = point.split()
        assert 0 <= float(a) <= 1
        assert b in ("10", "15", "20")
        assert 0.135 < float(c) < 0.368  # e to the -2 and to the -1
        assert d in ("0", "1", "2")
        assert e in ("x", "y")


def test_a_sweep_is_cancelled_with_its_trials(client: MLClient) -> None:
    from azure.ai.ml.sweep import Choice

    job = _sweep("sleep 300; echo ${{inputs.n}}", {"n": Choice([1, 2, 3])}, "grid", max_concurrent_trials=2)
    made = client.jobs.create_or_update(job)
    trials = partial(client.jobs.list, parent_job_name=made.name)
    until(lambda: [child.status for child in trials()] == ["Running", "Running"], 60)
    client.jobs.begin_cancel(made.name).result()
    assert client.jobs.get(made.name).status == "Canceled"
    children = list(client.jobs.list(parent_job_name=made.name))
    assert [child.status for child in children] == ["Canceled", "Canceled"]


def test_a_sweep_whose_trials_all_fail_fails(client: MLClient) -> None:
    from azure.ai.ml.sweep import Choice

    made = client.jobs.create_or_update(_sweep("exit ${{inputs.n}}", {"n": Choice([1, 2])}, "grid"))
    assert wait(client, made.name) == "Failed"


def test_a_grid_takes_choices_only(client: MLClient) -> None:
    from azure.ai.ml.sweep import Uniform

    with pytest.raises(Exception, match="choices only"):
        client.jobs.create_or_update(_sweep("echo ${{inputs.n}}", {"n": Uniform(0, 1)}, "grid"))
