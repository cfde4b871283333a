"""The contract of `BatchEndpoints`, on processes of this machine and on Azure ML's batch endpoints."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from platforms.azure.clients import AzureClients
from platforms.ports import (
    BatchEndpoints,
    BatchSpec,
    Job,
    JobStatus,
    NotFound,
    Platform,
    Refused,
    RegisteredModel,
)
from tests.platforms.conftest import EmulatedAzure
from tests.toy_model import pack_toy_model
from tests.waiting import PATIENCE

DEPLOYMENT = "version-1"


@pytest.fixture
def batch(platform: Platform) -> BatchEndpoints:
    return platform.batch


@pytest.fixture(scope="session", name="packed")
def _packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "model"
    folder.mkdir()
    pack_toy_model(folder)
    (folder / "MLmodel").write_text("flavors: {}")
    return folder


@pytest.fixture
def name() -> str:
    return f"toy-{uuid4().hex[:8]}"


@pytest.fixture
def version(platform: Platform, name: str, packed: Path) -> RegisteredModel:
    models = platform.models
    return models.register(name, models.start_run(name, "key", {}), packed, "key", {})


@pytest.fixture
def endpoint(batch: BatchEndpoints, name: str, version: RegisteredModel) -> Iterator[str]:
    """An endpoint with one deployment, the default one."""
    made = f"{name}-batch"
    batch.ensure(made, {"workload": name})
    batch.deploy(made, DEPLOYMENT, version, {"model_version": "1"})
    batch.set_default(made, DEPLOYMENT)
    yield made
    batch.delete(made)


@pytest.fixture
def spec(name: str) -> BatchSpec:
    return BatchSpec(f"score-{name}", None, f"{name}/in/", f"scores/{name}/", mini_batch_size=2, retries=0)


def put(platform: Platform, spec: BatchSpec, **files: bytes) -> None:
    """Files to score; `a__b_csv` is a/b.csv."""
    for name, content in files.items():
        path, _, ending = name.replace("__", "/").rpartition("_")
        platform.blobs.write(f"{spec.input_prefix}{path}.{ending}", content)


def ended(batch: BatchEndpoints, endpoint: str, name: str) -> Job:
    """The job once it has ended."""
    deadline = time.monotonic() + PATIENCE * 120
    while not (job := batch.job(endpoint, name)).status.ended:
        assert time.monotonic() < deadline, batch.logs(endpoint, name)
        time.sleep(0.1)
    return job


def lines(platform: Platform, spec: BatchSpec, kind: str) -> dict[str, list[dict[str, Any]]]:
    """What lies under one of the outputs' folders, by file of the input."""
    prefix = f"{spec.outputs}{kind}/"
    return {
        blob.name.removeprefix(prefix).rpartition(".")[0]: [
            json.loads(line) for line in platform.blobs.read(blob.name).splitlines()
        ]
        for blob in platform.blobs.list(prefix)
    }


def parquet(rows: list[dict[str, Any]]) -> bytes:
    import pandas as pd

    buffer = io.BytesIO()
    pd.DataFrame(rows).to_parquet(buffer)
    return buffer.getvalue()


def test_files_of_every_format_are_scored(
    platform: Platform, batch: BatchEndpoints, endpoint: str, spec: BatchSpec
) -> None:
    put(
        platform,
        spec,
        people_csv=b"correlation_id,age,weight,note\nmine,40,70,x\n,62.5,,y\n",
        deep__people_csv=b"weight,age\n70,40\n",
        more_parquet=parquet([{"age": 40.0, "weight": 70}, {"age": 71.0, "weight": 90}]),
        last_jsonl=b'{"age": 40, "weight": 70, "correlation_id": "yours"}\n{"age": 30}\n',
    )
    begun = batch.invoke(endpoint, spec)
    assert begun.name == spec.name
    job = ended(batch, endpoint, spec.name)
    assert job.status is JobStatus.COMPLETED, batch.logs(endpoint, spec.name)
    assert job.started_at is not None
    rows = lines(platform, spec, "rows")
    assert {file: len(found) for file, found in rows.items()} == {
        "people.csv": 2,
        "deep/people.csv": 1,
        "more.parquet": 2,
        "last.jsonl": 2,
    }
    first, second = rows["people.csv"]
    assert first["correlation_id"] == "mine"
    assert (second["file"], second["row"], second["model_version"]) == ("people.csv", 1, 1)
    assert re.fullmatch("[0-9a-f]{16}-1", second["correlation_id"])
    assert rows["last.jsonl"][0]["correlation_id"] == "yours"
    same = {found[0]["probability"] for found in rows.values()}
    assert len(same) == 1  # each begins with the same person
    assert {tuple(told[0][key] for key in ("rows", "error")) for told in lines(platform, spec, "told").values()} == {
        (1, ""),
        (2, ""),
    }
    assert "people.csv: 2 rows scored" in batch.logs(endpoint, spec.name)


def test_invoking_again_finds_the_job(
    platform: Platform, batch: BatchEndpoints, endpoint: str, spec: BatchSpec
) -> None:
    put(platform, spec, a_csv=b"age,weight\n40,70\n")
    batch.invoke(endpoint, spec)
    batch.invoke(endpoint, spec)
    first = ended(batch, endpoint, spec.name)
    platform.blobs.write(f"{spec.input_prefix}b.csv", b"age,weight\n40,70\n")
    assert batch.invoke(endpoint, spec) == first
    assert list(lines(platform, spec, "rows")) == ["a.csv"]
    other = replace(spec, name=f"{spec.name}-2")
    batch.invoke(endpoint, other)
    assert ended(batch, endpoint, other.name).status is JobStatus.COMPLETED
    assert sorted(lines(platform, other, "rows")) == ["a.csv", "b.csv"]


def test_bad_rows_and_bad_files_are_told(
    platform: Platform, batch: BatchEndpoints, endpoint: str, spec: BatchSpec
) -> None:
    put(
        platform,
        spec,
        good_csv=b"age,weight\n40,70\nold,70\n50,7.5\n",
        renamed_csv=b"age,wieght\n40,70\n",
        cut_jsonl=b'{"age": 40, "weight": 70}\n{"age": 4',
        torn_parquet=parquet([{"age": 40.0, "weight": 70}])[:100],
        notes_docx=b"no table",
    )
    spec = replace(spec, error_threshold=4)
    batch.invoke(endpoint, spec)
    job = ended(batch, endpoint, spec.name)
    assert job.status is JobStatus.COMPLETED, batch.logs(endpoint, spec.name)
    assert [row["row"] for row in lines(platform, spec, "rows")["good.csv"]] == [0]
    rejected = lines(platform, spec, "rejected")["good.csv"]
    assert [(row["row"], row["problems"][0]["column"]) for row in rejected] == [(1, "age"), (2, "weight")]
    told = {file: found[0]["error"] for file, found in lines(platform, spec, "told").items()}
    assert told.pop("good.csv") == ""
    assert "wieght" not in told["renamed.csv"]
    for file, words in {
        "renamed.csv": "weight",
        "cut.jsonl": "line 2",
        "torn.parquet": "Parquet",
        "notes.docx": ".docx",
    }.items():
        assert words in told[file]
    assert list(lines(platform, spec, "rows")) == ["good.csv"]


def test_too_many_bad_files_fail_the_job(
    platform: Platform, batch: BatchEndpoints, endpoint: str, spec: BatchSpec
) -> None:
    put(platform, spec, a_csv=b"", b_csv=b"age,weight\n40,70\n")
    batch.invoke(endpoint, spec)
    job = ended(batch, endpoint, spec.name)
    assert job.status is JobStatus.FAILED
    assert batch.invoke(endpoint, spec).status is JobStatus.FAILED  # what was, was
    assert "2 files, 1 failed, the threshold is 0" in batch.logs(endpoint, spec.name)


def test_other_bytes_than_the_registered_are_not_served(
    platform: Platform, batch: BatchEndpoints, endpoint: str, spec: BatchSpec, version: RegisteredModel
) -> None:
    forged = replace(version, tags={**version.tags, "perennial.sha256": "0" * 64})
    batch.deploy(endpoint, "forged", forged, {"model_version": "1", "forged": "yes"})
    put(platform, spec, a_csv=b"age,weight\n40,70\n")
    batch.invoke(endpoint, replace(spec, deployment="forged", error_threshold=-1))
    assert ended(batch, endpoint, spec.name).status is JobStatus.FAILED
    assert "not those that were registered" in batch.logs(endpoint, spec.name)
    assert not lines(platform, spec, "rows")


def test_a_job_is_cancelled(platform: Platform, batch: BatchEndpoints, endpoint: str, spec: BatchSpec) -> None:
    body = b"age,weight\n" + b"40,70\n" * 20_000
    for number in range(40):
        platform.blobs.write(f"{spec.input_prefix}{number}.csv", body)
    batch.invoke(endpoint, replace(spec, mini_batch_size=1))
    batch.cancel(endpoint, spec.name)
    assert ended(batch, endpoint, spec.name).status is JobStatus.CANCELED
    batch.cancel(endpoint, spec.name)


def test_the_life_of_an_endpoint(
    batch: BatchEndpoints, endpoint: str, version: RegisteredModel, spec: BatchSpec
) -> None:
    batch.deploy(endpoint, DEPLOYMENT, version, {"model_version": "1"})
    batch.deploy(endpoint, "version-2", version, {"model_version": "2"})
    found = batch.get(endpoint)
    assert found.deployments == {DEPLOYMENT: {"model_version": "1"}, "version-2": {"model_version": "2"}}
    assert found.default == DEPLOYMENT
    assert endpoint in batch.names()
    with pytest.raises(Refused, match="default"):
        batch.delete_deployment(endpoint, DEPLOYMENT)
    with pytest.raises(Refused):
        batch.set_default(endpoint, "absent")
    assert batch.set_default(endpoint, "version-2").default == "version-2"
    for _ in range(2):
        batch.delete_deployment(endpoint, DEPLOYMENT)
    assert list(batch.get(endpoint).deployments) == ["version-2"]
    assert batch.ensure(endpoint, {}).default == "version-2"
    with pytest.raises(NotFound, match=spec.input_prefix):
        batch.invoke(endpoint, spec)
    for _ in range(2):
        batch.delete(endpoint)
    assert endpoint not in batch.names()


def test_what_is_not_there_and_what_may_not_be(
    platform: Platform, batch: BatchEndpoints, endpoint: str, spec: BatchSpec, version: RegisteredModel
) -> None:
    put(platform, spec, a_csv=b"age,weight\n40,70\n")
    for call in (
        lambda: batch.get("absent-batch"),
        lambda: batch.deploy("absent-batch", DEPLOYMENT, version, {}),
        lambda: batch.invoke(endpoint, replace(spec, deployment="absent")),
        lambda: batch.job(endpoint, "absent"),
    ):
        with pytest.raises(NotFound):
            call()
    for wrong in (
        replace(spec, name="../up"),
        replace(spec, output_prefix="../up/"),
        replace(spec, input_prefix="no-slash"),
        replace(spec, mini_batch_size=0),
    ):
        with pytest.raises(Refused):
            batch.invoke(endpoint, wrong)
    with pytest.raises(Refused):
        batch.ensure("x", {})


@pytest.mark.parametrize("platform", ["azure"], indirect=True)
def test_an_invocation_is_tried_again(
    platform: Platform, azure: EmulatedAzure, batch: BatchEndpoints, endpoint: str, spec: BatchSpec
) -> None:
    put(platform, spec, a_csv=b"age,weight\n40,70\n")
    azure.fail(f"POST https://{endpoint}.*/jobs", status=503, times=1)
    batch.invoke(endpoint, spec)
    assert azure.heal() == 0
    assert ended(batch, endpoint, spec.name).status is JobStatus.COMPLETED
    azure.fail(f"POST https://{endpoint}.*/jobs", status=400, code="BadInput", message="so it is")
    with pytest.raises(Refused, match="so it is") as refused:
        batch.invoke(endpoint, replace(spec, name=f"{spec.name}-2"))
    assert endpoint in str(refused.value)


@pytest.mark.parametrize("platform", ["azure"], indirect=True)
def test_a_job_that_the_service_named_is_found(
    platform: Platform, azure: EmulatedAzure, batch: BatchEndpoints, endpoint: str, spec: BatchSpec
) -> None:
    """By the address that it writes to, which ends in the caller's name."""
    put(platform, spec, a_csv=b"age,weight\n40,70\n")
    clients = AzureClients(azure.settings.require_azure())
    store = f"azureml:/{clients.workspace_id('production')}/datastores/{clients.settings.datastore}/paths/"
    body = {
        "inputData": {"perennial_input": {"jobInputType": "UriFolder", "uri": store + spec.input_prefix}},
        "outputData": {"score": {"jobOutputType": "UriFolder", "uri": store + spec.outputs}},
    }
    url = str(clients.workspace("production").batch_endpoints.get(endpoint).scoring_uri)
    answer = httpx.post(url, json={"properties": body}, auth=clients.auth("production"), timeout=60)
    assert answer.json()["name"] != spec.name
    assert batch.invoke(endpoint, spec).name == spec.name
    assert ended(batch, endpoint, spec.name).status is JobStatus.COMPLETED
    jobs = list(clients.workspace("production").batch_endpoints.list_jobs(endpoint))
    assert [job.name for job in jobs] == [answer.json()["name"]]
