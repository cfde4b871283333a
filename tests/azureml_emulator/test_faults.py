"""Failures on demand, as the SDK meets them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.azureml_emulator.conftest import Emulator

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture
def fault(emulator: Emulator) -> Iterator[Callable[..., None]]:
    url = emulator.description["control"] + "/faults"

    def add(**fault: Any) -> None:
        httpx.post(url, json=fault).raise_for_status()

    yield add
    httpx.delete(url).raise_for_status()


def test_a_throttled_call_is_tried_again(client: MLClient, fault: Callable[..., None], emulator: Emulator) -> None:
    fault(pattern="GET .*/workspaces/development$", status=429, headers={"Retry-After": "1"}, times=1)
    begun = time.monotonic()
    assert client.workspaces.get("development").name == "development"
    assert time.monotonic() - begun >= 1
    left = httpx.get(emulator.description["control"] + "/faults").json()
    assert [found["times"] for found in left] == [0]


def test_an_error_of_the_service_reaches_the_caller(client: MLClient, fault: Callable[..., None]) -> None:
    from azure.core.exceptions import HttpResponseError

    fault(pattern="PUT .*/data/refused/", status=400, code="QuotaExceeded", message="No more room.", times=1)
    from azure.ai.ml.entities import Data

    data = Data(name="refused", version="1", path="azureml://datastores/workspaceblobstore/paths/a/")
    with pytest.raises(HttpResponseError, match=r"QuotaExceeded.*No more room"):
        client.data.create_or_update(data)
    assert client.data.create_or_update(data).version == "1"


def test_an_answer_is_late(client: MLClient, fault: Callable[..., None]) -> None:
    fault(pattern="GET .*/workspaces/development$", delay=0.5)
    begun = time.monotonic()
    client.workspaces.get("development")
    assert time.monotonic() - begun >= 0.5


def test_what_is_no_fault_is_refused(emulator: Emulator) -> None:
    answer = httpx.post(emulator.description["control"] + "/faults", json={"nonsense": 1})
    assert answer.status_code == 400
