"""Operations that last as long as the emulator is told that the service's do."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from tests.azureml_emulator.conftest import Emulator

SECONDS = 1.5


def test_an_operation_lasts_as_long_as_it_is_told(own_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """And clients are not told to ask more often than they would ask the service."""
    monkeypatch.setenv("AZUREML_EMULATOR_TAKES", f"endpoints={SECONDS}")
    own_emulator.restart()
    told = own_emulator.description
    workspace = f"/subscriptions/{told['subscription']}/resourceGroups/{told['resource_group']}"
    workspace += "/providers/Microsoft.MachineLearningServices/workspaces/development"
    with closing(own_emulator.http()) as http:
        url = f"https://management.azure.com{workspace}/onlineEndpoints/slow-endpoint?api-version=2022-02-01-preview"
        began = time.monotonic()
        answer = http.put(url, json={"location": told["region"], "properties": {"authMode": "Key"}})
        assert answer.status_code == 201
        assert "retry-after-ms" not in answer.headers
        states = []
        while not states or states[-1] == "InProgress":
            states.append(http.get(answer.headers["Azure-AsyncOperation"]).json()["status"])
            time.sleep(0.1)
        assert states[-1] == "Succeeded"
        assert time.monotonic() - began >= SECONDS
        deleted = http.delete(url)
        assert http.get(deleted.headers["Azure-AsyncOperation"]).json()["status"] == "Succeeded"
        assert deleted.headers["retry-after-ms"] == "50"
