"""The setup flow: nothing to make on this machine; on Azure a plan that changes nothing, then what it says, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from platforms.azure.blobs import AzureBlobStore
from platforms.azure.emulated import WORKSPACES, emulated_settings, identity_of, make_infrastructure
from platforms.choose import setup_plan
from platforms.settings import Settings
from tests.azureml_emulator.conftest import Emulator
from tests.conftest import HTTP, Service, result_of

_VERSION = "0123456789ab"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state directory of an emulated Azure with identities that are apart, and no setup."""
    folder = tmp_path_factory.mktemp("azure")
    options = ["--registry", "perennial-models"]
    for name in WORKSPACES:
        grants = f"{name},registry:perennial-models,container:perennial"
        options += ["--workspace", name, "--identity", f"{identity_of(name)}={grants}"]
    running = Emulator(folder / "emulator", options)
    running.start()
    yield folder
    running.stop()
    assert running.unknown() == ""


@pytest.fixture
def settings(state: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of that place, with a dataset version that was written before there was a workspace."""
    described = Emulator(state / "emulator").description
    for name, value in described["environment"].items():
        monkeypatch.setenv(name, value)
    azure = emulated_settings(state)
    make_infrastructure(azure)
    blobs = AzureBlobStore.connect(azure.storage, azure.container)
    for name in ("data/train.parquet", "data/manifest.json", "manifest.json"):
        blobs.write(f"datasets/walk/{_VERSION}/{name}", b"{}")
    return Settings(platform="azure-emulated", state=state)


def _missing(settings: Settings) -> list[str]:
    return [item.what for item in setup_plan(settings, ["walk"]) if item.there is False]


def test_what_was_cut_short_is_carried_on(settings: Settings) -> None:
    """A flow that was killed after the first item finds that one there, and the rest missing."""
    before = _missing(settings)
    assert f"data asset walk-train:{_VERSION}" in before
    assert before[0] == "datastore perennial"
    assert before[-2:] == ["endpoint walk-staging", "endpoint walk"]
    assert _missing(settings) == before, "a plan changes nothing"
    next(iter(setup_plan(settings, ["walk"]))).make()
    assert _missing(settings) == before[1:]


def test_another_stage_s_endpoints_are_not_looked_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the flow acts as development's identity alone."""
    azure = emulated_settings(settings.state)
    alone = {stage: azure.stage(stage).model_copy(update={"client_id": identity_of("development")})
             for stage in WORKSPACES}  # type: ignore[arg-type]  # fmt: skip
    monkeypatch.setattr("platforms.settings.emulated_settings", lambda _: azure.model_copy(update=alone))
    found = {item.what: item for item in setup_plan(settings, ["walk"])}
    assert found["endpoint walk"].there is None
    assert "AuthorizationFailed" in found["endpoint walk"].told


def test_the_flow_makes_what_is_missing_once(stack: Service, settings: Settings, state: Path) -> None:
    on_azure = replace(stack, environment={**stack.environment, "PERENNIAL_PLATFORM": "azure-emulated",
                                           "PERENNIAL_STATE": str(state)})  # fmt: skip
    names = [folder.name for folder in stack.settings.workloads.iterdir()]
    assert "walk" in names
    code, output = on_azure.run("setup", "")
    assert code == 0, output
    assert "Nothing was made." in result_of(output)
    code, output = on_azure.run("setup", "apply=True")
    assert code == 0, output
    assert _missing(settings) == []
    code, output = on_azure.run("setup", "apply=True")
    assert result_of(output).startswith("'0 of "), output
    table = _newest_artifact(stack)
    assert f"data asset walk-train:{_VERSION}" in table
    assert "missing" not in table


def test_on_this_machine_there_is_nothing_to_make(stack: Service) -> None:
    code, output = stack.run("setup", "apply=True")
    assert (code, result_of(output)) == (0, "'0 of 0 were missing and were made.'"), output
    assert "Nothing is to be made here" in _newest_artifact(stack)


def _newest_artifact(stack: Service) -> str:
    answer: dict[str, Any] = HTTP.get(f"{stack.addresses['prefect']}/api/artifacts/setup/latest").json()
    return str(answer["data"])
