"""Tokens, workspaces, datastores, roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.azureml_emulator.conftest import Emulator, make_client

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def test_a_workspace_is_got(client: MLClient) -> None:
    workspace = client.workspaces.get("development")
    assert workspace.location == "westeurope"
    assert workspace.mlflow_tracking_uri.startswith("azureml://westeurope.api.azureml.ms/mlflow/")


def test_workspaces_are_listed(sdk: Emulator) -> None:
    assert [found.name for found in make_client(sdk, None).workspaces.list()] == ["development", "production"]


def test_a_missing_workspace_is_not_found(client: MLClient) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
        client.workspaces.get("elsewhere")


def test_a_developer_is_refused_in_production(sdk: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.core.exceptions import HttpResponseError

    monkeypatch.setenv("AZURE_CLIENT_ID", "developer")
    assert make_client(sdk, "development").workspaces.get("development").name == "development"
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        make_client(sdk, "production").workspaces.get("production")


def test_the_default_datastore(client: MLClient) -> None:
    store = client.datastores.get_default()
    assert store.name == "workspaceblobstore"
    assert store.account_name.startswith("development")
    assert client.workspaces.get("development").storage_account.endswith(f"/{store.account_name}")
    assert {found.name for found in client.datastores.list()} >= {"workspaceblobstore", "workspaceartifactstore"}


def test_a_datastore_is_made_and_deleted(client: MLClient) -> None:
    from azure.ai.ml.entities import AzureBlobDatastore

    made = client.datastores.create_or_update(
        AzureBlobDatastore(name="raw", account_name="emulated", container_name="raw")
    )
    assert made.container_name == "raw"
    client.datastores.delete("raw")
    assert "raw" not in {found.name for found in client.datastores.list()}


def test_a_host_that_is_not_azures_is_refused_and_logged(own_emulator: Emulator) -> None:
    proxy = own_emulator.description["environment"]["HTTPS_PROXY"]
    with pytest.raises(httpx.ProxyError, match="403"):
        httpx.get("https://example.com/", proxy=proxy)
    assert "example.com" in own_emulator.unknown()


def test_an_unknown_route_is_refused_and_logged(own_emulator: Emulator) -> None:
    response = own_emulator.http().get("https://management.azure.com/subscriptions/x/nothing")
    assert response.status_code == 501
    assert response.json()["error"]["code"] == "NotEmulated"
    assert "/subscriptions/x/nothing" in own_emulator.unknown()


def test_no_token_no_answer(own_emulator: Emulator) -> None:
    response = own_emulator.http(token=False).get("https://management.azure.com/subscriptions/x/nothing")
    assert response.status_code == 401
