"""Bodies that the SDK's own models would not write are refused, where the emulator was asked to look."""

from __future__ import annotations

from typing import Any

import pytest

from tests.azureml_emulator.conftest import Emulator
from tests.azureml_emulator.make_schemas import FILE, make

_JOB = {"jobType": "Command", "command": "true", "environmentId": "azureml:bare:1"}
_DEPLOYMENT = {"endpointComputeType": "Managed", "model": "m"}


def test_the_table_is_what_the_installed_sdk_says() -> None:
    assert FILE.read_text() == make(), "run: python -m tests.azureml_emulator.make_schemas"


def _put(emulator: Emulator, path: str, body: Any) -> tuple[int, str]:
    described, http = emulator.description, emulator.http()
    scope = f"/subscriptions/{described['subscription']}/resourceGroups/{described['resource_group']}"
    workspace = f"{scope}/providers/Microsoft.MachineLearningServices/workspaces/development"
    try:
        error = http.put(f"https://management.azure.com{workspace}/{path}", json=body)
    finally:
        http.close()
    return error.status_code, str(error.json().get("error", {}).get("message")) if error.status_code == 400 else ""


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("jobs/x", {"properties": {**_JOB, "comand": "x"}}, "'properties.comand' is not a member of CommandJob"),
        ("jobs/x", {"properties": {"jobType": "command"}}, "'properties.environmentId' is required and is missing"),
        ("jobs/x", {}, "'properties' is required and is missing"),
        ("jobs/x", {"properties": {**_JOB, "tags": {"a": [1]}}}, "'properties.tags.a' must be a string, not [1]"),
        (
            "jobs/x",
            {"properties": {**_JOB, "inputs": {"rows": {"jobInputType": "uri_folder", "mode": "Borrow"}}}},
            "'properties.inputs.rows.mode' must be one of",
        ),
        ("data/d/versions/1", {"properties": {"dataType": "uri_folder"}}, "'properties.dataUri' is required"),
        ("models/m/versions/1", {"properties": {"modelUri": ["a"]}}, "'properties.modelUri' must be a string"),
        ("environments/e/versions/1", {"properties": {"image": "a", "osType": "Plan9"}}, "must be one of Linux"),
        ("onlineEndpoints/e", {"location": "x", "properties": {"authMode": "Trust"}}, "'properties.authMode' must be"),
        (
            "onlineEndpoints/e/deployments/d",
            {"location": "x", "properties": _DEPLOYMENT | {"instanceCount": 1}},
            "'properties.instanceCount' is not a member of ManagedOnlineDeployment",
        ),
        (
            "onlineEndpoints/e/deployments/d",
            {"location": "x", "properties": _DEPLOYMENT, "sku": {"name": "Default", "capacity": "1"}},
            "'sku.capacity' must be a whole number",
        ),
        (
            "onlineEndpoints/e/deployments/d",
            {"location": "x", "properties": _DEPLOYMENT | {"appInsightsEnabled": "yes"}},
            "'properties.appInsightsEnabled' must be true or false",
        ),
        ("computes/c", {"properties": {"computeType": "AmlCompute", "size": "x"}}, "'properties.size' is not a member"),
        ("datastores/s", {"properties": {"datastoreType": "AzureBlob"}}, "'properties.credentials' is required"),
    ],
)
def test_a_wrong_body_is_refused(emulator: Emulator, path: str, body: Any, told: str) -> None:
    status, message = _put(emulator, path, body)
    assert status == 400
    assert told in message


def test_all_mistakes_are_told_at_once(emulator: Emulator) -> None:
    _, message = _put(emulator, "jobs/x", {"properties": {"jobType": "Command", "comand": "x"}})
    assert all(word in message for word in ("comand", "properties.command'", "environmentId"))


def test_without_the_wish_bodies_are_kept_as_they_come(own_emulator: Emulator) -> None:
    body = {"properties": {"modelUri": "azureml://datastores/workspaceblobstore/paths/a/", "unheard": 1}}
    assert _put(own_emulator, "models/m/versions/1", body)[0] == 201
