"""Batch endpoints: a scoring script really run over files, mini-batch by mini-batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import wait

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import BatchJob

_SCRIPT = """
import os, pathlib, time

def init():
    global weights, marks
    marks = pathlib.Path(os.environ["MARKS"])
    folder = pathlib.Path(os.environ["AZUREML_MODEL_DIR"])
    weights = next(file.read_text() for file in folder.rglob("*.txt"))
    print("model", folder.name, weights)

def run(mini_batch):
    words = [pathlib.Path(file).read_text() for file in mini_batch]
    if "dies" in words and not (marks / "dead").exists():
        (marks / "dead").touch()
        os._exit(1)
    if "hangs" in words and not (marks / "hung").exists():
        (marks / "hung").touch()
        time.sleep(60)
    if "bad" in words:
        raise ValueError("a bad file")
    return [f"{word} {weights} {len(mini_batch)}" for word in words]
"""


@pytest.fixture(autouse=True)
def _clean_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK writes the deployment's name into a dictionary of its module, and sends it ever after."""
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields

    monkeypatch.setattr(EndpointInvokeFields, "DEFAULT_HEADER", dict(EndpointInvokeFields.DEFAULT_HEADER))


@pytest.fixture
def endpoint(client: MLClient) -> str:
    from azure.ai.ml.entities import BatchEndpoint, Environment

    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    name = f"b-{uuid4().hex[:8]}"
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name, tags={"workload": "diabetes"})).result()
    return name


def _deploy(client: MLClient, endpoint: str, folder: Path, name: str = "blue", **settings: Any) -> None:
    from azure.ai.ml.entities import AmlCompute, CodeConfiguration, Model, ModelBatchDeployment

    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "score.py").write_text(_SCRIPT)
    (folder / name).mkdir()
    (folder / name / "weights.txt").write_text(name)
    model = client.models.create_or_update(Model(name=f"{endpoint}-{name}", version="1", path=str(folder / name)))
    client.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2")).result()
    wanted = ModelBatchDeployment(
        name=name,
        endpoint_name=endpoint,
        model=model.id,
        environment="azureml:bare:1",
        compute="cpu",
        code_configuration=CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
        settings=_settings(**{"environment_variables": {"MARKS": str(folder)}, **settings}),
    )
    client.batch_deployments.begin_create_or_update(wanted).result()


def _settings(**settings: Any) -> Any:
    from azure.ai.ml.entities import ModelBatchDeploymentSettings

    known = {"mini_batch_size": 2, "output_action": "append_row", "output_file_name": "predictions.csv"}
    return ModelBatchDeploymentSettings(**{**known, **settings})


def _set_default(client: MLClient, endpoint: str, deployment: str) -> None:
    found = client.batch_endpoints.get(endpoint)
    found.defaults = {"deployment_name": deployment}
    client.batch_endpoints.begin_create_or_update(found).result()


def _invoke(client: MLClient, endpoint: str, folder: Path, words: list[str], **more: Any) -> BatchJob:
    """On a data asset that holds a file a word."""
    from azure.ai.ml import Input
    from azure.ai.ml.entities import Data

    rows = folder / "rows"
    rows.mkdir()
    for number, word in enumerate(words):
        (rows / f"{number}.csv").write_text(word)
    client.data.create_or_update(Data(name=endpoint, version="1", path=str(rows), type="uri_folder"))
    asked = {"data": Input(type="uri_folder", path=f"azureml:{endpoint}:1")}
    return client.batch_endpoints.invoke(endpoint, inputs=asked, **more)


def _forget_deployment() -> None:
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields

    EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)


def _predictions(client: MLClient, job: str, folder: Path) -> list[str]:
    client.jobs.download(job, download_path=folder / "got", output_name="score")
    return sorted((folder / "got/predictions.csv").read_text().splitlines())


def test_files_are_scored_in_mini_batches(client: MLClient, endpoint: str, tmp_path: Path) -> None:
    _deploy(client, endpoint, tmp_path, max_concurrency_per_instance=2)
    _set_default(client, endpoint, "blue")
    job = _invoke(client, endpoint, tmp_path, ["a", "b", "c"])
    assert wait(client, str(job.name)) == "Completed"
    assert _predictions(client, str(job.name), tmp_path) == ["a blue 2", "b blue 2", "c blue 1"]
    (child,) = client.jobs.list(parent_job_name=job.name)
    assert child.display_name == "batchscoring"
    client.jobs.download(child.name, download_path=tmp_path / "child", output_name="score")
    assert (tmp_path / "child/named-outputs/score/predictions.csv").exists()
    assert [(found.name, found.status) for found in client.batch_endpoints.list_jobs(endpoint)] == [
        (job.name, "Completed")
    ]
    deployed = client.batch_deployments.get("blue", endpoint)
    assert (deployed.mini_batch_size, deployed.output_file_name) == (2, "predictions.csv")


def test_a_deployment_is_named_on_invocation(client: MLClient, endpoint: str, tmp_path: Path) -> None:
    from azure.ai.ml import Input

    for name in ("blue", "green"):
        _deploy(client, endpoint, tmp_path, name)
    _set_default(client, endpoint, "blue")
    job = _invoke(client, endpoint, tmp_path, ["a"], deployment_name="green")
    assert wait(client, str(job.name)) == "Completed"
    assert _predictions(client, str(job.name), tmp_path) == ["a green 1"]
    assert [found.name for found in client.batch_deployments.list_jobs(endpoint, name="green")] == [job.name]
    assert list(client.batch_deployments.list_jobs(endpoint, name="blue")) == []
    path = client.data.get(endpoint, "1").path
    short = "azureml://datastores/" + path.partition("/datastores/")[2]
    _forget_deployment()
    again = client.batch_endpoints.invoke(endpoint, inputs={"data": Input(type="uri_folder", path=short)})
    assert wait(client, str(again.name)) == "Completed"


def test_a_mini_batch_is_tried_again(client: MLClient, endpoint: str, tmp_path: Path) -> None:
    from azure.ai.ml.entities import BatchRetrySettings

    retries = BatchRetrySettings(max_retries=1, timeout=2)
    _deploy(client, endpoint, tmp_path, mini_batch_size=1, error_threshold=0, retry_settings=retries)
    _set_default(client, endpoint, "blue")
    job = _invoke(client, endpoint, tmp_path, ["dies", "hangs", "well"])
    assert wait(client, str(job.name)) == "Completed"
    assert _predictions(client, str(job.name), tmp_path) == ["dies blue 1", "hangs blue 1", "well blue 1"]


@pytest.mark.parametrize(("threshold", "status"), [(0, "Failed"), (1, "Completed"), (-1, "Completed")])
def test_failed_files_count(client: MLClient, endpoint: str, tmp_path: Path, threshold: int, status: str) -> None:
    _deploy(client, endpoint, tmp_path, mini_batch_size=1, error_threshold=threshold)
    _set_default(client, endpoint, "blue")
    job = _invoke(client, endpoint, tmp_path, ["bad", "well"])
    assert wait(client, str(job.name)) == status
    if status == "Completed":
        assert _predictions(client, str(job.name), tmp_path) == ["well blue 1"]


def test_a_script_that_cannot_begin_fails_its_job(client: MLClient, endpoint: str, tmp_path: Path) -> None:
    _deploy(client, endpoint, tmp_path, environment_variables={"NO_MARKS": "x"}, error_threshold=-1)
    client.batch_endpoints.get(endpoint)
    _set_default(client, endpoint, "blue")
    job = _invoke(client, endpoint, tmp_path, ["a"])
    assert wait(client, str(job.name)) == "Failed"


def test_endpoints_and_deployments_are_deleted(client: MLClient, endpoint: str, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    _deploy(client, endpoint, tmp_path)
    assert endpoint in {found.name for found in client.batch_endpoints.list()}
    with pytest.raises(Exception, match="no default deployment"):
        _invoke(client, endpoint, tmp_path, ["a"])
    _set_default(client, endpoint, "blue")
    with pytest.raises(HttpResponseError, match="default"):
        client.batch_deployments.begin_delete("blue", endpoint).result()
    client.batch_endpoints.begin_delete(endpoint).result()
    assert endpoint not in {found.name for found in client.batch_endpoints.list()}
