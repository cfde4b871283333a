"""What only Azure ML's collector does: batches, halves, payloads that lie aside, hours and rolling rates."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from azureml_emulator.data_collector import LARGEST_IN_LINE
from platforms.azure.blobs import AzureBlobStore
from platforms.azure.collected_paths import collected, may_hold
from platforms.azure.collected_predictions import CollectedPredictions
from tests.platforms.predicted import HALVES, START, Collected, record

HOUR = timedelta(hours=1)


@pytest.fixture
def azure(azure_blobs: AzureBlobStore, tmp_path: Path) -> Collected:
    return Collected(azure_blobs, tmp_path, CollectedPredictions(azure_blobs))


def ids(platform: Collected, hours: int = 1) -> list[str]:
    return list(platform.predictions.between("toy", START, START + hours * HOUR)["correlation_id"])


def lines(platform: Collected, prefix: str) -> list[dict[str, object]]:
    blobs = [blob.name for blob in platform.blobs.list(prefix)]
    return [json.loads(line) for name in blobs for line in platform.blobs.read(name).splitlines()]


def test_several_requests_may_be_one_line(azure: Collected) -> None:
    azure.collect([record(str(number), START + timedelta(seconds=number)) for number in range(5)])
    assert [len(event["data"]) for event in lines(azure, "")] == [5, 5]  # type: ignore[arg-type]
    assert ids(azure) == ["0", "1", "2", "3", "4"]


def test_a_half_does_not_count_and_is_told(azure: Collected, caplog: pytest.LogCaptureFixture) -> None:
    azure.collect([record("whole", START)])
    azure.collect([record("asked", START)], ["model_inputs"])
    azure.collect([record("answered", START)], ["model_outputs"])
    azure.collect([record("another hour's", START + HOUR)], ["model_outputs"])
    with caplog.at_level(logging.WARNING):
        assert ids(azure) == ["whole"]
    assert "toy: 2 predictions of the window have inputs or outputs only" in caplog.text


def test_halves_meet_from_different_hours(azure: Collected) -> None:
    late = record("one", START + timedelta(minutes=59, seconds=59))
    azure.collect([late], ["model_inputs"])
    azure.collect([late], ["model_outputs"], at=(START + HOUR).isoformat())
    early = record("two", START)
    azure.collect([early], HALVES, at=(START - timedelta(seconds=1)).isoformat())
    assert ids(azure) == ["two", "one"]


def test_a_collection_of_both_halves_is_enough(azure: Collected) -> None:
    azure.collect([record("one", START)], ["model_inputs_outputs"])
    azure.collect([record("two", START)], ["model_inputs_outputs", *HALVES])
    azure.collect([record("three", START)], ["model_inputs_outputs", "model_outputs"])
    frame = azure.predictions.between("toy", START, START + HOUR)
    assert sorted(frame["correlation_id"]) == ["one", "three", "two"]
    assert list(frame["inputs"]) == [{"age": 41.5, "weight": 80}] * 3


def test_a_payload_that_lies_aside_is_followed(azure: Collected) -> None:
    azure.collect([record("large", START, inputs={"text": "x" * (LARGEST_IN_LINE + 1)})])
    (event,) = lines(azure, "modelDataCollector/toy/blue/model_inputs/")
    assert event["datainblob"] == "true"
    assert str(event["data"]).startswith("https://account.blob.core.windows.net/container/modelDataCollector/toy/blue/")
    frame = azure.predictions.between("toy", START, START + HOUR)
    assert len(frame.loc[0, "inputs"]["text"]) == LARGEST_IN_LINE + 1


@pytest.mark.parametrize("address", ["https://elsewhere/secrets.json", "https://a/c/modelDataCollector/toy/../x", "no"])
def test_an_address_that_leads_elsewhere_is_not_followed(azure: Collected, address: str) -> None:
    azure.collect([record("one", START)])
    secret = json.dumps([record("stolen", START)]).encode()
    for name in ("secrets.json", "modelDataCollector/x"):
        azure.blobs.write(name, secret)
    event = json.dumps({"data": address, "datainblob": "true"}).encode()
    azure.blobs.write("modelDataCollector/toy/blue/model_inputs/2026/11/20/22/x.jsonl", event)
    assert ids(azure) == ["one"]


@pytest.mark.parametrize("rolled", ["Minute", "Hour", "Day", "Month", "Year"])
def test_every_rolling_rate_is_read(azure: Collected, rolled: str) -> None:
    azure.collect([record("one", START)], rolled=rolled)
    assert ids(azure) == ["one"]


def test_hours_far_from_the_window_are_not_read() -> None:
    name = "modelDataCollector/toy/blue/model_inputs/2026/11/20/{}/x.jsonl"
    hours = [hour for hour in range(24) if may_hold(collected(name.format(f"{hour:02}")), START, START + HOUR)]  # type: ignore[arg-type]
    assert hours == [21, 22, 23]


@pytest.mark.parametrize(
    "name",
    [
        "modelDataCollector/toy/blue/2026/11/20/22/aside.jsonl",
        "modelDataCollector/toy/blue/request/2026/11/20/22/x.jsonl",
        "modelDataCollector/toy/blue/model_inputs/2026/13/20/22/x.jsonl",
        "modelDataCollector/toy/blue/model_inputs/x.jsonl",
        "other/toy/blue/model_inputs/2026/11/20/22/x.jsonl",
    ],
)
def test_blobs_of_others_are_left_alone(name: str) -> None:
    assert collected(name) is None
