"""The smoke test of a subscription, run on the emulator: it passes, cleans up, tells no secret."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.azure.compare import compare, read_transcript
from deployments.azure.smoke import smoke
from deployments.azure.smoke_steps import Scratch, blobs
from platforms.azure.clients import AzureClients
from platforms.azure.emulated import WORKSPACES, emulated_settings, identity_of, make_infrastructure
from platforms.choose import choose_platform
from platforms.settings import Settings
from tests.azureml_emulator.conftest import SERVE, Emulator, tracking_server  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, tracking_server: str) -> Iterator[Settings]:  # noqa: F811
    folder = tmp_path_factory.mktemp("azure")
    options = ["--registry", "perennial-models", "--mlflow", tracking_server, "--serve", SERVE, "--check-bodies"]
    for name in WORKSPACES:
        grants = f"{name},registry:perennial-models,container:perennial"
        options += ["--workspace", name, "--identity", f"{identity_of(name)}={grants}"]
    running = Emulator(folder / "emulator", options)
    running.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.description["environment"].items():
            patch.setenv(name, value)
        make_infrastructure(emulated_settings(folder))
        yield Settings(platform="azure-emulated", state=folder)
    running.stop()
    assert running.unknown() == "", "it asked for something that is not emulated"


@pytest.fixture(scope="module")
def transcript(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("smoke") / "transcript.jsonl"
    assert smoke(settings, file, patience=120) == []
    return file


def test_it_leaves_nothing_behind(settings: Settings, transcript: Path) -> None:  # noqa: ARG001
    platform, client = choose_platform(settings), AzureClients(settings.require_azure()).workspace("development")
    assert platform.endpoints.names() == []
    assert list(platform.blobs.list("perennial-smoke-")) == []
    assert [job.name for job in client.jobs.list()] == []
    assert list(client.models.list()) == []
    assert list(client.data.list()) == []


def test_the_transcript_tells_forms_and_nothing_else(settings: Settings, transcript: Path) -> None:
    text, exchanges = transcript.read_text(), read_transcript(transcript)
    azure = settings.require_azure()
    told = {f"{one['method']} {one['url']}" for one in exchanges}
    workspace = "https://management.azure.com/subscriptions/{subscription}/resourceGroups/{group}/providers/"
    workspace += "Microsoft.MachineLearningServices/workspaces/{workspace}"
    assert f"PUT {workspace}/jobs/{{scratch}}-done" in told
    assert f"PUT {workspace}/onlineEndpoints/{{scratch}}-staging/deployments/candidate" in told
    assert f"POST {workspace}/onlineEndpoints/{{scratch}}-staging/listKeys" in told
    for secret in (azure.subscription, azure.tenant or "", "eyJ", "sig=", "perennial-smoke-"):
        assert secret not in text
    keys = next(one for one in exchanges if one["url"].endswith("/listKeys"))
    assert keys["answered"]["keys"]["primaryKey"] == {"types": ["string"]}


def test_transcripts_are_compared_operation_by_operation(transcript: Path) -> None:
    ours = read_transcript(transcript)
    assert list(compare(ours, ours)) == []
    theirs = copy.deepcopy(ours)
    for one in theirs:
        if one["url"].endswith("/listKeys"):
            one["answered"]["keys"]["primaryKey"]["types"] = ["number"]
            one["answered"]["keys"]["expiry"] = {"types": ["string"]}
    theirs = [one for one in theirs if not one["url"].endswith("/metrics")]
    found = "\n".join(compare(ours, theirs))
    assert "answered .primaryKey: string or number" in found
    assert "answered + .expiry" in found
    assert "/metrics 2024-02-01: only in the first" in found


def test_it_cleans_up_where_it_fails(settings: Settings, tmp_path: Path) -> None:
    def fails(scratch: Scratch) -> None:
        scratch.platform.endpoints.ensure(scratch.endpoint, {})
        assert scratch.platform.endpoints.names() == [scratch.endpoint]
        raise RuntimeError("no traffic today, AccountKey=key-of-somebody;")

    failed = smoke(settings, tmp_path / "transcript.jsonl", steps=(blobs, fails))
    assert len(failed) == 1, failed
    assert "no traffic today" in failed[0]
    assert "key-of-somebody" not in failed[0]
    platform = choose_platform(settings)
    assert platform.endpoints.names() == []
    assert list(platform.blobs.list("perennial-smoke-")) == []
    assert read_transcript(tmp_path / "transcript.jsonl")
