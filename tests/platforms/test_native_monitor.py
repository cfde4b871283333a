"""Azure ML's own monitor of a deployment: upserted by name, its signals on, removed again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from platforms.azure.clients import AzureClients
from platforms.ports import NativeMonitor, NativeMonitors
from tests.platforms.conftest import EmulatedAzure

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture
def client(azure: EmulatedAzure) -> MLClient:
    return AzureClients(azure.settings.require_azure()).workspace("production")


@pytest.fixture
def monitors(azure: EmulatedAzure) -> NativeMonitors:
    found = azure.platform.native_monitors
    assert found is not None
    return found


@pytest.fixture
def wanted(azure: EmulatedAzure) -> NativeMonitor:
    name = f"toy-{uuid4().hex[:8]}"
    prefix = f"datasets/{name}/abc/data/"
    azure.platform.blobs.write(f"{prefix}train.parquet", b"PAR1")
    return NativeMonitor(name, "blue", "classification", "0123456789ab", prefix, ("age", "weight"), "sick")


def test_it_is_made_and_follows_the_deployment(
    azure: EmulatedAzure, client: MLClient, monitors: NativeMonitors, wanted: NativeMonitor
) -> None:
    for _ in range(2):
        monitors.ensure(wanted)
    name = f"{wanted.endpoint}-native-monitor"
    assert [one.name for one in client.schedules.list() if one.name == name] == [name]
    found = client.schedules.get(name)
    signals = found.create_monitor.monitoring_signals
    assert {key: (signal.type, signal.alert_enabled) for key, signal in signals.items()} == {
        "data-drift": ("data_drift", True),
        "prediction-drift": ("prediction_drift", True),
    }
    reference = signals["data-drift"].reference_data
    assert f"{wanted.endpoint}-reference" in reference.input_data.path
    assert reference.input_data.type == "mltable"
    produced = client.data.get(f"{wanted.endpoint}-blue-model_inputs", version="1")
    assert produced.path.endswith(f"modelDataCollector/{wanted.endpoint}/blue/model_inputs/")
    table = azure.platform.blobs.read(f"monitors/{wanted.endpoint}/{wanted.dataset}/MLTable").decode()
    assert f"{wanted.training_prefix}*.parquet" in table

    monitors.ensure(replace(wanted, slot="green", dataset="ba9876543210"))
    found = client.schedules.get(name)
    assert (found.tags["slot"], found.tags["dataset"]) == ("green", "ba9876543210")
    drift = found.create_monitor.monitoring_signals["prediction-drift"]
    assert f"{wanted.endpoint}-green-model_outputs" in drift.production_data.input_data.path


def test_it_is_removed(client: MLClient, monitors: NativeMonitors, wanted: NativeMonitor) -> None:
    monitors.remove(wanted.endpoint)
    monitors.ensure(wanted)
    for _ in range(2):
        monitors.remove(wanted.endpoint)
    assert f"{wanted.endpoint}-native-monitor" not in {one.name for one in client.schedules.list(list_view_type="ALL")}
