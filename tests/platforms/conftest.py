"""Containers in Azurite, and both platforms whole: the local one, and Azure's adapters on the emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from azure.storage.blob import ContainerClient
from pydantic import SecretStr

from deployments.azurite.server import Azurite
from deployments.parts import PARTS
from deployments.ports import free_ports
from deployments.processes import end, start
from platforms.azure.blobs import AzureBlobStore
from platforms.azure.emulated import client_environment, description, make_infrastructure
from platforms.choose import choose_platform, setup_plan
from platforms.ports import Platform
from platforms.settings import Settings
from tests.conftest import HTTP, ROOT, Service
from tests.waiting import until


@pytest.fixture
def container(azurite: Azurite) -> str:
    """The name of an empty container."""
    name = f"test-{uuid4().hex}"
    ContainerClient.from_connection_string(azurite.connection_string, name).create_container()
    return name


@pytest.fixture
def azure_blobs(azurite: Azurite, container: str) -> AzureBlobStore:
    return AzureBlobStore.connect(SecretStr(azurite.connection_string), container)


QUOTA = "400"  # cores of each family


@dataclass
class EmulatedAzure:
    """A running emulator with what Bicep and `setup` make, and the means to make it fail."""

    settings: Settings
    platform: Platform

    def fail(self, pattern: str, **how: Any) -> None:
        """The next calls whose `METHOD https://HOST/PATH` matches fail so; see azureml_emulator/README.md."""
        HTTP.post(f"{self._control}/faults", json={"pattern": pattern, **how}).raise_for_status()

    def heal(self) -> int:
        """Take all faults back; how many calls they had still been meant for."""
        left = sum(fault["times"] for fault in HTTP.get(f"{self._control}/faults").json())
        HTTP.delete(f"{self._control}/faults").raise_for_status()
        return left

    @property
    def _control(self) -> str:
        control: str = description(self.settings.state)["control"]
        return control


@pytest.fixture(scope="session")
def emulator_settings(stack: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One emulator for all tests, with the session's MLflow server behind it."""
    (part,) = (part for part in PARTS["azure-emulated"] if part.name == "emulator")
    state = tmp_path_factory.mktemp("azure")
    addresses = {"mlflow": stack.addresses["mlflow"], "emulator": f"http://127.0.0.1:{free_ports(['e'])['e']}"}
    quick = {"AZUREML_EMULATOR_COLLECT_SECONDS": "0.2"}
    process = start(
        [*part.command(state, addresses), "--quota", QUOTA], {**os.environ, **quick}, state / "emulator.log", ROOT
    )
    settings = Settings(state=state, platform="azure-emulated", workloads=stack.settings.workloads)
    before = dict(os.environ)
    try:
        until(lambda: part.answers is not None and part.answers(state, addresses), 60)
        os.environ.update(client_environment(state))
        make_infrastructure(settings.require_azure())
        for item in setup_plan(settings, []):
            item.make()
        os.environ.clear()
        os.environ.update(before)
        yield settings
    finally:
        os.environ.clear()
        os.environ.update(before)
        end([process])


@pytest.fixture(scope="session")
def emulated(emulator_settings: Settings) -> EmulatedAzure:
    """With one set of clients, whose making takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        _lead_to(emulator_settings, patch)
        return EmulatedAzure(emulator_settings, choose_platform(emulator_settings))


@pytest.fixture
def azure(emulated: EmulatedAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedAzure]:
    """Azure, for one test: this process's environment leads to the emulator, which has no faults."""
    _lead_to(emulated.settings, monkeypatch)
    yield emulated
    emulated.heal()


def _lead_to(settings: Settings, patch: pytest.MonkeyPatch) -> None:
    for name, value in client_environment(settings.state).items():
        patch.setenv(name, value)


@pytest.fixture(params=["local", "azure"])
def platform(request: pytest.FixtureRequest) -> Platform:
    """Each platform, for what must mean the same on both."""
    found: Platform = request.getfixturevalue("stack" if request.param == "local" else "azure").platform
    return found
