"""What every answer of the service has, what it says of things that are not there, and the record of its answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.azureml_emulator.conftest import Emulator, make_client

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_MODELS = (
    "https://management.azure.com/subscriptions/{subscription}/resourceGroups/{resource_group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/development/models"
)


@pytest.mark.parametrize(
    "asked",
    [
        lambda client: client.registries.get("nowhere"),
        lambda client: client.schedules.get("nowhere"),
        lambda client: client.models.get("nowhere", "1"),
        lambda client: client.jobs.get("nowhere"),
        lambda client: client.compute.get("nowhere"),
        lambda client: client.datastores.get("nowhere"),
        lambda client: client.online_endpoints.get("nowhere"),
        lambda client: client.batch_endpoints.get("nowhere"),
    ],
)
def test_what_is_not_there_is_not_found(client: MLClient, asked: Callable[[MLClient], Any]) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError, match="nowhere"):
        asked(client)


def test_an_endpoint_s_token_has_a_time(client: MLClient) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name="by-token", auth_mode="aml_token")
    ).result()
    token = client.online_endpoints.get_keys("by-token")
    assert token.access_token
    assert time.time() < token.refresh_after_time_utc < token.expiry_time_utc


def test_every_answer_can_be_quoted(sdk: Emulator) -> None:
    http, address = sdk.http(), _MODELS.format(**sdk.description)
    found, missing = http.get(address), http.get(f"{address}/nowhere/versions/1")
    assert [answer.headers["x-ms-response-type"] for answer in (found, missing)] == ["standard", "error"]
    assert found.headers["x-ms-correlation-request-id"] != missing.headers["x-ms-correlation-request-id"]


def test_the_controls_tell_which_routes_answered(sdk: Emulator) -> None:
    def told() -> dict[str, Any]:
        routes = httpx.get(f"{sdk.description['control']}/routes").raise_for_status().json()
        return next(known for name, known in routes.items() if name.startswith("GET ") and name.endswith("}/models"))

    before = told()["answered"]
    list(make_client(sdk, "development").models.list())
    after = told()
    assert after["answered"] == before + 1
    assert after["shapes"]["200"]["value"] == ["array"]
    assert after["api_versions"]
