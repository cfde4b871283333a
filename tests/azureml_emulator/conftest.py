"""The emulator as a process, and the real SDK in this one, led to it by the environment alone."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.azureml_emulator.driven import Driven
from tests.conftest import ROOT
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SERVE = f"{sys.executable} {Path(__file__).parent / 'server.py'} {{port}} {{model_dir}}"


DRIVEN = Driven()
RUNNING: dict[int, Emulator] = {}  # by process id


@pytest.fixture(scope="session", autouse=True)
def driven() -> Iterator[Driven]:
    """The record of what the tests of this folder drive."""
    with pytest.MonkeyPatch.context() as patch:
        DRIVEN.watch(patch)
        yield DRIVEN
    if kept := os.environ.get("AZUREML_EMULATOR_RECORD"):
        DRIVEN.keep(Path(kept))


@pytest.fixture(autouse=True)
def _name_the_test_file(request: pytest.FixtureRequest) -> None:
    DRIVEN.test_file = request.path.name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What compares the record comes when all else has run."""
    items.sort(key=lambda item: item.path.name == "test_recorded.py")


@dataclass
class Emulator:
    """A running emulator; `restart` ends it and starts it on the same state."""

    state: Path
    arguments: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def description(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.state / "emulator.json").read_text())
        return content

    def start(self) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.endswith("_PROXY")}
        command = [sys.executable, "-m", "azureml_emulator", "--state", str(self.state), *self.arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, env=clean, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready"), "the emulator did not start"
        RUNNING[self.process.pid] = self

    def stop(self) -> None:
        assert self.process is not None
        RUNNING.pop(self.process.pid, None)
        if self.process.poll() is None:
            DRIVEN.add_routes(self.description["control"])
        self.process.terminate()
        self.process.wait(120)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def http(self, token: bool = True, client: str | None = None) -> httpx.Client:
        """A plain client through the proxy, with a token of the first identity or of another."""
        environment = self.description["environment"]
        trust = ssl.create_default_context(cafile=environment["REQUESTS_CA_BUNDLE"])
        plain = httpx.Client(proxy=environment["HTTPS_PROXY"], verify=trust, timeout=30, trust_env=False)
        if token:
            form = {"grant_type": "client_credentials", "scope": "https://management.azure.com/.default"}
            form |= {
                "client_id": client or environment["AZURE_CLIENT_ID"],
                "client_secret": environment["AZURE_CLIENT_SECRET"],
            }
            tenant = environment["AZURE_TENANT_ID"]
            answer = plain.post(f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token", data=form)
            plain.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return plain

    def unknown(self) -> str:
        log = self.state / "unknown.log"
        return log.read_text() if log.exists() else ""


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One for all tests that do not stop it."""
    names = ["--workspace", "development", "--workspace", "production", "--identity", "developer=development"]
    names += ["--registry", "shared", "--identity", "publisher=development,registry:shared"]
    names += ["--identity", "releaser=production,registry:shared:read"]
    names += ["--identity", "reader=development:read,container:exports:read"]
    running = Emulator(tmp_path_factory.mktemp("emulator"), [*names, "--check-bodies", "--serve", SERVE])
    running.start()
    yield running
    running.stop()
    assert running.unknown() == "", "the SDK asked for something that is not emulated"


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    """One for a single test, which may stop it or ask it for nonsense."""
    running = Emulator(tmp_path / "emulator")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def serving_emulator(own_emulator: Emulator) -> Emulator:
    """One for a single test, which can serve."""
    own_emulator.arguments = ["--serve", SERVE]
    own_emulator.restart()
    return own_emulator


@pytest.fixture(scope="session")
def tracked_emulator(tmp_path_factory: pytest.TempPathFactory, tracking_server: str) -> Iterator[Emulator]:
    """One that has an MLflow server behind it."""
    running = Emulator(tmp_path_factory.mktemp("tracked"), ["--mlflow", tracking_server])
    running.start()
    yield running
    running.stop()
    assert running.unknown() == "", "the SDK asked for something that is not emulated"


@pytest.fixture
def sdk(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, with this process's environment set to reach it."""
    for name, value in emulator.description["environment"].items():
        monkeypatch.setenv(name, value)
    return emulator


@pytest.fixture
def client(sdk: Emulator) -> MLClient:
    """The real SDK on the development workspace."""
    return make_client(sdk, "development")


def wait(client: MLClient, name: str, *states: str) -> str:
    """Until a job is in one of the states, or has ended; the state."""
    deadline = time.monotonic() + PATIENCE * 120
    while (status := client.jobs.get(name).status) not in (states or ("Completed", "Failed", "Canceled")):
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
    return str(status.value) if hasattr(status, "value") else str(status)


def make_client(emulator: Emulator, workspace: str | None) -> MLClient:
    """A client as any user makes one."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    described = emulator.description
    return MLClient(DefaultAzureCredential(), described["subscription"], described["resource_group"], workspace)


@pytest.fixture(scope="session")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A plain MLflow server; its address."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "a")]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **quiet}, stdout=log, stderr=log, cwd=folder)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for_mlflow(process, address, folder / "log")
        yield address
    finally:
        process.terminate()
        process.wait(120)


def _wait_for_mlflow(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE * 60
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/health", timeout=5).is_success:
                return
        time.sleep(0.2)
