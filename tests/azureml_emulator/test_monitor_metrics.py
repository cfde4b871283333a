"""Azure Monitor: what the emulator measured of real requests, and what our adapter makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from platforms.azure.service_metrics import ServiceMetrics
from platforms.ports import NotFound, Refused, Unavailable
from tests.azureml_emulator.conftest import Emulator
from tests.azureml_emulator.test_endpoints import _deploy as deploy
from tests.azureml_emulator.test_endpoints import _score as score

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

WORKSPACE = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/development"
LATENCIES = ("p50_ms", "p95_ms", "p99_ms")


@pytest.fixture
def endpoint(client: MLClient, tmp_path: Path) -> str:
    """An endpoint with two deployments."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    name = f"e-{uuid4().hex[:8]}"
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).result()
    for colour in ("blue", "green"):
        deploy(client, name, colour, colour, tmp_path)
    return name


@pytest.fixture
def metrics(sdk: Emulator) -> ServiceMetrics:
    from azure.identity import DefaultAzureCredential

    described = sdk.description
    workspace = WORKSPACE.format(described["subscription"], described["resource_group"])
    return ServiceMetrics(DefaultAzureCredential(), workspace)


@pytest.fixture
def raw(sdk: Emulator) -> Iterator[httpx.Client]:
    http = sdk.http()
    yield http
    http.close()


def ask(raw: httpx.Client, sdk: Emulator, resource: str, **query: str) -> httpx.Response:
    described = sdk.description
    workspace = WORKSPACE.format(described["subscription"], described["resource_group"])
    url = f"https://management.azure.com{workspace}/onlineEndpoints/{resource}/providers/Microsoft.Insights/metrics"
    return raw.get(url, params={"api-version": "2024-02-01", **query})


def test_requests_and_errors_are_told_by_slot(
    sdk: Emulator, client: MLClient, endpoint: str, metrics: ServiceMetrics
) -> None:
    assert metrics.of(endpoint) == {}
    for sent, slot in ((1, "blue"), (2, "blue"), ("fail", "blue"), (3, "green")):
        score(sdk, client, endpoint, sent, **{"azureml-model-deployment": slot})
    found = metrics.of(endpoint)
    assert {slot: (one["requests"], one["errors"]) for slot, one in found.items()} == {"blue": (3, 1), "green": (1, 0)}
    for one in found.values():
        latencies = [one[name] for name in LATENCIES]
        assert latencies == sorted(latencies)
        assert 0 < latencies[0] < 5000
        assert 0 <= one["cpu_percent"] <= 100
        assert 0 < one["memory_percent"] < 100


def test_a_slot_that_is_gone_still_counts(
    sdk: Emulator, client: MLClient, endpoint: str, metrics: ServiceMetrics
) -> None:
    score(sdk, client, endpoint, 1, **{"azureml-model-deployment": "green"})
    client.online_deployments.begin_delete("green", endpoint).result()
    found = metrics.of(endpoint)["green"]
    assert (found["requests"], found["cpu_percent"], found["memory_percent"]) == (1, None, None)


def test_an_absent_endpoint_is_not_found(metrics: ServiceMetrics) -> None:
    with pytest.raises(NotFound, match="onlineEndpoints/absent: HTTP 404"):
        metrics.of("absent")


def test_an_overloaded_service_is_asked_again(sdk: Emulator, endpoint: str, metrics: ServiceMetrics) -> None:
    fault = {"pattern": f"GET .*/{endpoint}/providers/Microsoft.Insights", "headers": {"Retry-After": "0.05"}}
    with httpx.Client(base_url=sdk.description["control"]) as control:
        control.post("/faults", json={**fault, "times": 3, "status": 429}).raise_for_status()
        assert metrics.of(endpoint) == {}
        control.post("/faults", json={**fault, "times": 4, "status": 503}).raise_for_status()
        with pytest.raises(Unavailable, match="HTTP 503"):
            metrics.of(endpoint)
        control.post("/faults", json={**fault, "times": 1, "status": 403}).raise_for_status()
        with pytest.raises(Refused, match="HTTP 403"):
            metrics.of(endpoint)


def test_the_answer_has_the_services_form(sdk: Emulator, client: MLClient, endpoint: str, raw: httpx.Client) -> None:
    score(sdk, client, endpoint, 1, **{"azureml-model-deployment": "blue"})
    every = "deployment eq '*' and statusCodeClass eq '*'"
    answer = ask(raw, sdk, endpoint, metricnames="RequestsPerMinute", **{"$filter": every}).json()
    (metric,) = answer["value"]
    assert (metric["name"]["value"], metric["unit"], answer["interval"]) == ("RequestsPerMinute", "Count", "PT1M")
    (series,) = metric["timeseries"]
    told = {one["name"]["value"]: one["value"] for one in series["metadatavalues"]}
    assert told == {"deployment": "blue", "statuscodeclass": "2xx"}
    assert [point["average"] for point in series["data"] if "average" in point] == [1.0]
    assert len(series["data"]) == 61  # each minute has a point


def test_what_the_service_does_not_have_is_refused(sdk: Emulator, endpoint: str, raw: httpx.Client) -> None:
    for resource, query in (
        (endpoint, {"metricnames": "CpuUtilizationPercentage"}),
        (endpoint, {"metricnames": "RequestLatency_P50", "$filter": "statusCode eq '*'"}),
        (endpoint, {"metricnames": "RequestsPerMinute", "$filter": "deployment like '*'"}),
        (endpoint, {"metricnames": "RequestsPerMinute", "timespan": "yesterday"}),
        (f"{endpoint}/deployments/blue", {"metricnames": "RequestsPerMinute", "$filter": "deployment eq '*'"}),
    ):
        assert ask(raw, sdk, resource, **query).status_code == 400, query
    assert ask(raw, sdk, f"{endpoint}/deployments/absent", metricnames="RequestsPerMinute").status_code == 404
