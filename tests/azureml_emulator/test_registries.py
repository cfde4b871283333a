"""Registries: models and environments shared into them, and served out of them elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import Emulator, make_client

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture
def registry(client: MLClient) -> MLClient:  # noqa: ARG001 - `client` has set the environment
    return registry_client()


def registry_client(name: str = "shared") -> MLClient:
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    return MLClient(DefaultAzureCredential(), registry_name=name)


def make_model(client: MLClient, folder: Path, weights: str, name: str | None = None, version: str = "1") -> str:
    """A model of one file below a folder `model`; its name."""
    from azure.ai.ml.entities import Model

    name = name or f"m-{uuid4().hex[:8]}"
    content = folder / uuid4().hex / "model"
    content.mkdir(parents=True)
    (content / "weights.txt").write_text(weights)
    client.models.create_or_update(Model(name=name, version=version, path=str(content), tags={"a": "1"}))
    return name


def share(client: MLClient, name: str, version: str = "1", shared_as: str | None = None) -> None:
    client.models.share(
        name, version, registry_name="shared", share_with_name=shared_as or name, share_with_version=version
    )


def test_registries_are_got_and_listed(client: MLClient, registry: MLClient) -> None:
    assert registry.registries.get("shared").replication_locations[0].location == "westeurope"
    assert "shared" in {found.name for found in client.registries.list()}


@pytest.mark.usefixtures("sdk")
def test_a_registry_that_is_not_there() -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError):
        registry_client("elsewhere")


def test_a_model_is_shared_with_its_bytes(client: MLClient, registry: MLClient, tmp_path: Path) -> None:
    name = make_model(client, tmp_path, "0.5")
    share(client, name, shared_as=f"{name}-shared")
    found = registry.models.get(f"{name}-shared", "1")
    assert found.id == f"azureml://registries/shared/models/{name}-shared/versions/1"
    assert found.tags == {"a": "1"}
    assert client.models.get(name, "1").path not in str(found.path)
    registry.models.download(f"{name}-shared", "1", download_path=str(tmp_path / "got"))
    assert next((tmp_path / "got").rglob("weights.txt")).read_text() == "0.5"
    assert [one.version for one in registry.models.list(f"{name}-shared")] == ["1"]
    assert f"{name}-shared" in {one.name for one in registry.models.list()}
    assert registry.models.get(f"{name}-shared", label="latest").version == "1"


def test_a_shared_models_tags_change(client: MLClient, registry: MLClient, tmp_path: Path) -> None:
    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    model = registry.models.get(name, "1")
    model.tags["approved"] = "yes"
    registry.models.create_or_update(model)
    assert registry.models.get(name, "1").tags == {"a": "1", "approved": "yes"}
    assert client.models.get(name, "1").tags == {"a": "1"}


def test_a_shared_version_keeps_its_content(
    sdk: Emulator, client: MLClient, registry: MLClient, tmp_path: Path
) -> None:
    """The SDK itself refuses to share a version twice, so both second times are plain requests."""
    name = make_model(client, tmp_path, "0.5")
    other = make_model(client, tmp_path, "0.7")
    share(client, name)
    path = registry.models.get(name, "1").path
    with pytest.raises(Exception, match="already exists"):
        share(client, other, shared_as=name)
    assert _import(sdk, name, name) == 202
    assert _import(sdk, other, name) == 409
    assert registry.models.get(name, "1").path == path


def _import(emulator: Emulator, name: str, shared_as: str) -> int:
    described, http = emulator.description, emulator.http()
    scope = f"/subscriptions/{described['subscription']}/resourceGroups/{described['resource_group']}"
    place = f"{scope}/providers/Microsoft.MachineLearningServices"
    workspace = http.get(f"https://management.azure.com{place}/workspaces/development").json()
    source = (
        f"azureml://locations/westeurope/workspaces/{workspace['properties']['workspaceId']}/models/{name}/versions/1"
    )
    body = {"referenceType": "Id", "destinationName": shared_as, "destinationVersion": "1", "sourceAssetId": source}
    base = "https://westeurope.api.azureml.ms/mferp/managementfrontend"
    try:
        return http.post(f"{base}{place}/registries/shared/import", json={"properties": body}).status_code
    finally:
        http.close()


def test_a_local_folder_goes_into_a_registry(registry: MLClient, tmp_path: Path) -> None:
    name = make_model(registry, tmp_path, "0.25")
    found = registry.models.get(name, "1")
    assert str(found.path).endswith("/model")
    registry.models.download(name, "1", download_path=str(tmp_path / "got"))
    assert next((tmp_path / "got").rglob("weights.txt")).read_text() == "0.25"


def test_environments_are_made_and_shared(client: MLClient, registry: MLClient) -> None:
    from azure.ai.ml.entities import Environment

    name = f"e-{uuid4().hex[:8]}"
    registry.environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    assert registry.environments.get(name, "1").image == "python:3.11"
    assert [found.version for found in registry.environments.list(name)] == ["1"]
    client.environments.create_or_update(Environment(name=name, version="2", image="python:3.12"))
    client.environments.share(name, "2", registry_name="shared", share_with_name=name, share_with_version="2")
    assert registry.environments.get(name, "2").image == "python:3.12"


def test_what_has_no_bytes_is_not_shared(client: MLClient, registry: MLClient) -> None:
    from azure.ai.ml.entities import Model
    from azure.core.exceptions import HttpResponseError

    path = "azureml://datastores/workspaceblobstore/paths/nothing/"
    client.models.create_or_update(Model(name="hollow", version="1", path=path))
    with pytest.raises(HttpResponseError, match="no blobs"):
        share(client, "hollow")
    assert "hollow" not in {found.name for found in registry.models.list()}


def test_a_model_of_the_registry_is_served_elsewhere(
    sdk: Emulator, client: MLClient, registry: MLClient, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Environment

    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    registry.environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    production = make_client(sdk, "production")
    assert deploy_from_registry(production, name, name) == "0.5"


def deploy_from_registry(production: MLClient, model: str, environment: str, **endpoint: object) -> object:
    """Serve a registry's model in an environment of it, or another's by its id; what its server says it has."""
    from azure.ai.ml.entities import ManagedOnlineDeployment, ManagedOnlineEndpoint

    name = f"e-{uuid4().hex[:8]}"
    production.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, **endpoint)).result()
    wanted = ManagedOnlineDeployment(
        name="blue",
        endpoint_name=name,
        model=f"azureml://registries/shared/models/{model}/versions/1",
        environment=environment
        if "/" in environment
        else f"azureml://registries/shared/environments/{environment}/versions/1",
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    production.online_deployments.begin_create_or_update(wanted).result()
    return score(production, name, "blue")


def score(client: MLClient, endpoint: str, deployment: str) -> object:
    import httpx

    uri = client.online_endpoints.get(endpoint).scoring_uri
    key = client.online_endpoints.get_keys(endpoint).primary_key
    headers = {"Authorization": f"Bearer {key}", "azureml-model-deployment": deployment}
    with httpx.Client(proxy=os.environ["HTTPS_PROXY"], verify=os.environ["SSL_CERT_FILE"], trust_env=False) as http:
        return http.post(uri, json=1, headers=headers).json()["model"]
