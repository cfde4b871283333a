"""An emulator that is ended takes its model servers with it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.azureml_emulator.conftest import Emulator, make_client
from tests.azureml_emulator.test_endpoints import _deploy as deploy


def test_servers_end_with_the_emulator(
    serving_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    for name, value in serving_emulator.description["environment"].items():
        monkeypatch.setenv(name, value)
    client = make_client(serving_emulator, "development")
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="ends")).result()
    deploy(client, "ends", "blue", "0.5", tmp_path)
    assert serving_emulator.process is not None
    servers = psutil.Process(serving_emulator.process.pid).children(recursive=True)
    assert servers
    serving_emulator.restart()
    assert not any(server.is_running() and server.status() != psutil.STATUS_ZOMBIE for server in servers)
