"""Pipeline jobs, made by `dsl.pipeline` and read from files, really run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import Emulator, make_client, wait

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_PIPELINE = """
type: pipeline
name: {name}
settings: {{default_compute: "azureml:serverless"}}
inputs:
  raw: {{type: uri_folder, path: "azureml:rows:7"}}
  rate: 0.5
outputs:
  model: {{type: uri_folder}}
jobs:
  clean:
    type: command
    component: ./clean.yml
    inputs:
      raw: ${{{{parent.inputs.raw}}}}
  train:
    type: command
    command: >-
      (cat ${{{{inputs.rows}}}}/rows; echo ${{{{inputs.rate}}}}) > ${{{{outputs.model}}}}/model
    environment: azureml:bare:1
    inputs:
      rows: ${{{{parent.jobs.clean.outputs.clean}}}}
      rate: ${{{{parent.inputs.rate}}}}
    outputs:
      model: ${{{{parent.outputs.model}}}}
"""
_CLEAN = """
type: command
name: clean
version: "{version}"
inputs:
  raw: {{type: uri_folder}}
  prefix: {{type: string, default: row}}
outputs:
  clean: {{type: uri_folder}}
code: ./code
environment: azureml:bare:1
command: python clean.py ${{{{inputs.raw}}}} ${{{{outputs.clean}}}} ${{{{inputs.prefix}}}}
"""
_CODE = """
import pathlib, sys
raw, clean, prefix = sys.argv[1:]
rows = "".join(file.read_text() for file in pathlib.Path(raw).iterdir()).split()
pathlib.Path(clean, "rows").write_text("".join(f"{prefix} {row}\\n" for row in rows))
"""
_COMMAND = """
type: command
name: {name}
command: echo ${{{{inputs.word}}}} > ${{{{outputs.out}}}}/word
environment: azureml:bare:1
inputs: {{word: hello}}
outputs: {{out: {{type: uri_folder}}}}
"""


@pytest.fixture
def ready(client: MLClient, tmp_path: Path) -> MLClient:
    from azure.ai.ml.entities import AmlCompute, Data, Environment

    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("1\n2\n3")
    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    client.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2")).result()
    if "rows" not in {found.name for found in client.data.list()}:
        client.data.create_or_update(Data(name="rows", version="7", path=str(tmp_path / "rows"), type="uri_folder"))
    return client


def _component(command: str, inputs: dict[str, Any], outputs: tuple[str, ...] = ()) -> Any:
    from azure.ai.ml import Output
    from azure.ai.ml import command as make

    made = {name: Output(type="uri_folder") for name in outputs}
    return make(name="part", command=command, environment="azureml:bare:1", inputs=inputs, outputs=made)


def test_a_pipeline_file_runs_in_the_order_of_its_data(ready: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml import load_job

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "clean.py").write_text(_CODE)
    (tmp_path / "clean.yml").write_text(_CLEAN.format(version=uuid4().hex[:6]))
    (tmp_path / "job.yml").write_text(_PIPELINE.format(name=f"pipe-{uuid4().hex[:8]}"))
    made = ready.jobs.create_or_update(load_job(tmp_path / "job.yml"))
    assert wait(ready, made.name) == "Completed"
    assert set(ready.jobs.get(made.name).jobs) == {"clean", "train"}
    children = list(ready.jobs.list(parent_job_name=made.name))
    assert [(child.display_name, child.status) for child in children] == [
        ("clean", "Completed"),
        ("train", "Completed"),
    ]
    ready.jobs.download(made.name, download_path=tmp_path / "got", output_name="model")
    assert (tmp_path / "got/named-outputs/model/model").read_text() == "row 1\nrow 2\nrow 3\n0.5\n"
    ready.jobs.download(made.name, download_path=tmp_path / "log")
    assert "train" in (tmp_path / "log/artifacts/logs/azureml/executionlogs.txt").read_text()


def test_a_command_file_runs(ready: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml import load_job

    (tmp_path / "job.yml").write_text(_COMMAND.format(name=f"file-{uuid4().hex[:8]}"))
    made = ready.jobs.create_or_update(load_job(tmp_path / "job.yml"))
    assert wait(ready, made.name) == "Completed"
    ready.jobs.download(made.name, download_path=tmp_path / "got", output_name="out")
    assert (tmp_path / "got/named-outputs/out/word").read_text() == "hello\n"


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_depends_on_a_failure_does_not_start(ready: MLClient, tmp_path: Path, goes_on: bool) -> None:
    from azure.ai.ml import Input, dsl

    gate = tmp_path / "gate"
    fails = _component(f"until test -e {gate}; do sleep 0.1; done; exit 3", {}, ("out",))
    takes = _component("ls ${{inputs.data}}", {"data": Input(type="uri_folder")})
    waits = _component(f"touch {gate} ${{{{outputs.out}}}}/made; sleep 1", {}, ("out",))

    @dsl.pipeline(default_compute="cpu")
    def broken() -> None:
        failing = fails()
        takes(data=failing.outputs.out)
        waiting = waits()
        follows = takes(data=waiting.outputs.out)
        failing.name, waiting.name, follows.name = "failing", "waiting", "follows"

    job = broken()
    job.settings.continue_on_step_failure = goes_on
    made = ready.jobs.create_or_update(job)
    assert wait(ready, made.name) == "Failed"
    states = {child.display_name: child.status for child in ready.jobs.list(parent_job_name=made.name)}
    expected = {"waiting": "Completed", "follows": "Completed"} if goes_on else {"waiting": "Canceled"}
    assert states == {"failing": "Failed", **expected}


def test_a_pipeline_is_a_node_of_another(ready: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml import Input, dsl

    writes = _component("echo ${{inputs.word}} > ${{outputs.out}}/word", {"word": "x"}, ("out",))
    reads = _component(
        "cat ${{inputs.data}}/word > ${{outputs.out}}/again", {"data": Input(type="uri_folder")}, ("out",)
    )

    @dsl.pipeline(default_compute="cpu")
    def inner(word="x"):  # type: ignore[no-untyped-def]
        return {"out": writes(word=word).outputs.out}

    @dsl.pipeline(default_compute="cpu")
    def outer(word="x"):  # type: ignore[no-untyped-def]
        return {"out": reads(data=inner(word=word).outputs.out).outputs.out}

    made = ready.jobs.create_or_update(outer(word="deep"))
    assert wait(ready, made.name) == "Completed"
    ready.jobs.download(made.name, download_path=tmp_path, output_name="out")
    assert (tmp_path / "named-outputs/out/again").read_text() == "deep\n"


def test_a_registered_component_is_found_again(ready: MLClient) -> None:
    from azure.ai.ml import dsl

    part = _component("echo ${{inputs.word}}", {"word": "x"}).component
    part.name, part.version = f"part_{uuid4().hex[:8]}", "3"
    ready.components.create_or_update(part)
    assert part.name in {found.name for found in ready.components.list()}
    registered = ready.components.get(part.name, "3")

    @dsl.pipeline(default_compute="cpu")
    def uses() -> None:
        registered(word="again")

    made = ready.jobs.create_or_update(uses())
    assert wait(ready, made.name) == "Completed"


def test_a_pipeline_is_cancelled_with_its_nodes(ready: MLClient) -> None:
    from azure.ai.ml import dsl

    sleeps = _component("sleep 300", {})

    @dsl.pipeline(default_compute="cpu")
    def slow() -> None:
        sleeps()

    made = ready.jobs.create_or_update(slow())
    ready.jobs.begin_cancel(made.name).result()
    assert ready.jobs.get(made.name).status == "Canceled"
    assert {child.status for child in ready.jobs.list(parent_job_name=made.name)} <= {"Canceled"}


def test_a_pipeline_goes_on_after_a_restart(
    own_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from azure.ai.ml import Input, dsl
    from azure.ai.ml.entities import Environment

    def client() -> MLClient:
        for name, value in own_emulator.description["environment"].items():
            monkeypatch.setenv(name, value)
        return make_client(own_emulator, "development")

    gate = tmp_path / "gate"
    waits = _component(f"until test -e {gate}; do sleep 0.1; done; echo 1 > ${{{{outputs.out}}}}/a", {}, ("out",))
    follows = _component("ls ${{inputs.data}}", {"data": Input(type="uri_folder")})

    @dsl.pipeline(default_compute="serverless")
    def slow() -> None:
        follows(data=waits().outputs.out)

    client().environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    made = client().jobs.create_or_update(slow())
    own_emulator.restart()
    assert client().jobs.get(made.name).status == "Running"
    gate.touch()
    assert wait(client(), made.name) == "Completed"
    assert len(list(client().jobs.list(parent_job_name=made.name))) == 2
