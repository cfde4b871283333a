"""The data collector alone: its protocol, its lines, its limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from azureml_emulator.data_collector import LARGEST_FILE, LARGEST_IN_LINE, DataCollector, configuration
from tests.waiting import until

SOURCE = "/subscriptions/s/onlineEndpoints/toy/deployments/blue"
FIRST_HOUR = 1_763_676_000  # 2025-11-20 22:00:00 UTC


class Store:
    """What has been put, by name."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.broken = False

    def put(self, name: str, file: Path) -> None:
        if self.broken:
            raise OSError("the store is out of reach")
        self.blobs[name] = file.read_bytes()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for content in self.blobs.values() for line in content.splitlines()]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def collect(store: Store, tmp_path: Path) -> Iterator[Callable[..., DataCollector]]:
    """Starts one; `seconds` is how long it waits for more."""
    started: list[DataCollector] = []

    def start(seconds: float = 3600) -> DataCollector:
        config = {"collections": {"model_inputs": {"enabled": True}}}
        address = "https://account.blob.core.windows.net/container"
        started.append(DataCollector(SOURCE, config, "Hour", tmp_path / "c", store.put, address, seconds))
        return started[-1]

    yield start
    for one in started:
        one.close()


def post(collector: DataCollector, content: str, collection: str = "model_inputs", at: int = FIRST_HOUR) -> int:
    """As `azureml-ai-monitoring` 1.0.0 does."""
    headers = {"ce-type": f"azureml.inference.{collection}", "ce-time": str(at), "ce-agent": "test"}
    headers["ce-x-request-id"] = "request-1"
    url = f"http://127.0.0.1:{collector.environment['AZUREML_MDC_PORT']}/modeldata/log"
    return httpx.post(url, content=content, headers=headers, trust_env=False).status_code


def test_what_comes_together_is_one_line(collect: Callable[..., DataCollector], store: Store) -> None:
    collector = collect()
    assert [post(collector, '[{"a": 1}]'), post(collector, '[{"a": 2}, {"a": 3}]')] == [200, 200]
    assert store.blobs == {}
    collector.flush()
    (name,) = store.blobs
    assert name.startswith("modelDataCollector/toy/blue/model_inputs/2025/11/20/22/")
    (event,) = store.lines()
    assert event["data"] == [{"a": 1}, {"a": 2}, {"a": 3}]
    told = {key: event[key] for key in ("specversion", "source", "type", "time", "correlationid", "contentrange")}
    assert told == {
        "specversion": "1.0",
        "source": SOURCE,
        "type": "azureml.inference.model_inputs",
        "time": "2025-11-20T22:00:00Z",
        "correlationid": "request-1",
        "contentrange": "bytes 0-24/25",
    }


def test_a_blob_grows_by_lines_until_its_hour_is_over(collect: Callable[..., DataCollector], store: Store) -> None:
    collector = collect()
    for at in (FIRST_HOUR, FIRST_HOUR + 1, FIRST_HOUR + 3600):
        post(collector, '[{"a": 1}]', at=at)
        collector.flush()
    assert [content.count(b"\n") for _, content in sorted(store.blobs.items())] == [2, 1]


def test_a_large_blob_is_followed_by_another(collect: Callable[..., DataCollector], store: Store) -> None:
    collector = collect()
    for _ in range(3):
        post(collector, json.dumps([{"a": "x" * (LARGEST_FILE // 2)}]))
        collector.flush()
    assert [content.count(b"\n") for content in store.blobs.values()] == [2, 1]


def test_payloads_do_not_grow_into_one_that_is_too_large(collect: Callable[..., DataCollector], store: Store) -> None:
    collector = collect()
    for _ in range(2):
        post(collector, json.dumps([{"a": "x" * (LARGEST_IN_LINE * 3 // 4)}]))
    collector.flush()
    assert [len(event["data"]) for event in store.lines()] == [1, 1]
    assert not any("datainblob" in event for event in store.lines())


def test_it_writes_by_itself_and_when_it_ends(collect: Callable[..., DataCollector], store: Store) -> None:
    post(collect(0.05), "[{}]")
    until(store.lines)
    late = collect()
    post(late, '[{"a": "late"}]')
    late.close()
    assert {"a": "late"} in [row for event in store.lines() for row in event["data"]]


def test_a_store_that_fails_gets_the_lines_with_the_next(collect: Callable[..., DataCollector], store: Store) -> None:
    collector = collect()
    store.broken = True
    post(collector, '[{"a": 1}]')
    collector.flush()
    store.broken = False
    post(collector, '[{"a": 2}]')
    collector.flush()
    assert [event["data"] for event in store.lines()] == [[{"a": 1}], [{"a": 2}]]


@pytest.mark.parametrize(
    ("content", "collection"), [("[{}]", "model_outputs"), ("{}", "model_inputs"), ("no", "model_inputs")]
)
def test_what_is_no_payload_is_refused(collect: Callable[..., DataCollector], content: str, collection: str) -> None:
    assert post(collect(), content, collection) == 400


def test_the_sdks_words_configure_it() -> None:
    from azure.ai.ml.entities import DataCollector as Wanted
    from azure.ai.ml.entities import DeploymentCollection

    on, off = DeploymentCollection(enabled="true"), DeploymentCollection(enabled="false")
    wanted = Wanted(collections={"model_inputs": on, "model_outputs": off}, sampling_rate=0.25)
    properties = {"dataCollector": wanted._to_rest_object().as_dict()}
    collections = {"model_inputs": {"enabled": True, "sampleRatePercentage": 25}}
    assert configuration(properties) == {"collections": collections, "runMode": "cloud"}
    nothing = Wanted(collections={"model_inputs": DeploymentCollection(enabled="false")})._to_rest_object().as_dict()
    assert configuration({"dataCollector": nothing}) is None
    assert configuration({}) is None
