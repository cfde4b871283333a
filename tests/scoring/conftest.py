"""A real gateway with a real scoring server behind it, for the whole folder of tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deployments.ports import free_ports
from deployments.processes import Started, end_rest
from platforms.local.endpoints import LocalOnlineEndpoints
from platforms.ports import RegisteredModel, SlotState
from tests.toy_model import pack_toy_model
from tests.waiting import until

ROOT = Path(__file__).parents[2]


class FolderModels:
    """A registry whose models are named by the folders they lie in."""

    def fetch(self, name: str, _version: int, _folder: Path) -> Path:
        return Path(name)


def registered(model: Path, version: int) -> RegisteredModel:
    """A packed folder as that registry's version."""
    return RegisteredModel(str(model), version, "", {}, (), datetime.now(UTC))


@dataclass
class Gateway:
    """The process, its folder and a client of its control plane."""

    folder: Path
    ports: dict[str, int]
    process: subprocess.Popen[bytes]

    @property
    def endpoints(self) -> LocalOnlineEndpoints:
        token = (self.folder / "state" / "admin.token").read_text()
        return LocalOnlineEndpoints(f"http://127.0.0.1:{self.ports['admin']}", token, FolderModels())  # type: ignore[arg-type]

    def post(self, endpoint: str, body: Any, **headers: str) -> httpx.Response:
        """Score with the right key."""
        headers = {"Authorization": f"Bearer {self.endpoints.key(endpoint)}", **headers}
        url = f"http://127.0.0.1:{self.ports['data']}/endpoints/{endpoint}/score"
        content = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return httpx.post(url, content=content, headers=headers, timeout=30)

    def start(self) -> None:
        """Start it, or start it again."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        ports = ["--port", str(self.ports["data"]), "--admin-port", str(self.ports["admin"])]
        places = ["--state", str(self.folder / "state"), "--predictions", str(self.folder / "predictions")]
        shared = ["--environments", str(ROOT / ".perennial" / "environments")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scoring.gateway", *ports, *places, *shared, "--patience", "3"],
            cwd=ROOT,
            env={**environment, "PERENNIAL_LOG_FLUSH_SECONDS": "0.2"},
            start_new_session=True,  # as `deployments.processes` starts it
        )
        until(lambda: self._answers())

    def kill(self) -> None:
        """SIGKILL, and to what is left of its session, as the keeper does before it starts it again."""
        started = Started(self.process.pid, psutil.Process(self.process.pid).create_time(), "")
        self.process.kill()
        self.process.wait()
        end_rest(started)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports['admin']}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def deploy(self, endpoint: str, slot: str, model: Path, version: int) -> None:
        """Deploy and wait until it is healthy."""
        self.endpoints.deploy(endpoint, slot, registered(model, version), {"model_version": str(version)})
        until(lambda: self.endpoints.get(endpoint).slots[slot].state is SlotState.HEALTHY)


@pytest.fixture(scope="session", name="model")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_toy_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session", name="gateway")
def _gateway(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Gateway]:
    """A gateway with the endpoint `toy`, version 1 in blue with all traffic."""
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), free_ports(["data", "admin"]), None)  # type: ignore[arg-type]
    gateway.start()
    gateway.endpoints.ensure("toy", {})
    gateway.deploy("toy", "blue", model, 1)
    gateway.endpoints.set_traffic("toy", {"blue": 100})
    yield gateway
    gateway.process.terminate()
    gateway.process.wait(120)
