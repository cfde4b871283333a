"""Quotas, sizes, resource providers, permissions; a registry of another subscription."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.azureml_emulator.conftest import SERVE, Emulator, make_client
from tests.azureml_emulator.test_registries import deploy_from_registry, make_model, registry_client, share

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_OTHER = "00000000-0000-0000-0000-0000000000ff"
_DS3 = "Standard_DS3_v2"


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Of little quota, and with a registry that belongs to another subscription."""
    options = ["--quota", "16", "--registry", f"shared={_OTHER}", "--unregistered", "Microsoft.ContainerRegistry"]
    options += ["--workspace", "development", "--workspace", "production", "--check-bodies", "--serve", SERVE]
    options += ["--registry", "closed", "--identity", "endpoints=registry:shared:read"]
    options += ["--identity", "reader=development:read,registry:shared,container:logs:read"]
    running = Emulator(tmp_path_factory.mktemp("narrow"), options)
    running.start()
    yield running
    running.stop()
    assert running.unknown() == ""


@pytest.fixture
def client(narrow: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[MLClient]:
    for name, value in narrow.description["environment"].items():
        monkeypatch.setenv(name, value)
    yield make_client(narrow, "development")
    for workspace in ("development", "production"):
        there = make_client(narrow, workspace)
        for endpoint in list(there.online_endpoints.list()):
            there.online_endpoints.begin_delete(endpoint.name).result()


def _usage(client: MLClient) -> int:
    found = {usage.name["value"]: usage for usage in client.compute.list_usage()}
    assert found["standardDSv2Family"].limit == 16
    return int(vars(found["standardDSv2Family"])["currentValue"])  # the SDK 1.35.2 leaves `current_value` empty


def _cluster(client: MLClient, nodes: int, name: str = "cpu") -> Any:
    from azure.ai.ml.entities import AmlCompute

    wanted = AmlCompute(name=name, size=_DS3, min_instances=nodes, max_instances=nodes + 4)
    return client.compute.begin_create_or_update(wanted).result()


def _deploy(client: MLClient, endpoint: str, name: str, model: str, instances: int = 1) -> None:
    from azure.ai.ml.entities import ManagedOnlineDeployment

    wanted = ManagedOnlineDeployment(
        name=name,
        endpoint_name=endpoint,
        model=client.models.get(model, "1").id,
        environment="azureml:bare:1",
        instance_type=_DS3,
        instance_count=instances,
    )
    client.online_deployments.begin_create_or_update(wanted).result()


def test_sizes_are_listed(client: MLClient) -> None:
    sizes = {size.name: vars(size) for size in client.compute.list_sizes(compute_type="AmlCompute")}
    assert (sizes[_DS3]["vCPUs"], sizes[_DS3]["memoryGB"], sizes["Standard_NC6s_v3"]["gpus"]) == (4, 14, 1)


def test_a_cluster_takes_of_the_quota_and_may_not_take_more(client: MLClient) -> None:
    from azure.core.exceptions import HttpResponseError

    assert _usage(client) == 0
    _cluster(client, 2)
    assert _usage(client) == 8
    with pytest.raises(HttpResponseError, match="ClusterMinNodesExceedCoreQuota"):
        _cluster(client, 3, "more")
    _cluster(client, 4)  # its own nodes are not counted twice
    client.compute.begin_delete("cpu").result()
    assert _usage(client) == 0


def test_blue_and_green_are_counted_together(client: MLClient, tmp_path: Path) -> None:
    """A deployment of one machine needs two: one is kept for upgrades."""
    from azure.ai.ml.entities import Environment, ManagedOnlineEndpoint
    from azure.core.exceptions import HttpResponseError

    model = make_model(client, tmp_path, "0.5")
    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="counted")).result()
    _deploy(client, "counted", "blue", model)
    assert _usage(client) == 8
    _deploy(client, "counted", "green", model)
    with pytest.raises(HttpResponseError, match=r"Current usage/limit: 16/16\. Additional needed: 8"):
        _deploy(client, "counted", "red", model)
    _deploy(client, "counted", "green", model)  # again, as it is
    with pytest.raises(HttpResponseError, match="InferencingClientCreateDeploymentFailed"):
        _deploy(client, "counted", "green", model, instances=2)
    client.online_endpoints.begin_delete("counted").result()
    assert _usage(client) == 0


def test_a_registry_of_another_subscription_is_shared_into_and_served_from(
    narrow: Emulator, client: MLClient, tmp_path: Path
) -> None:
    """azure-cli#30154 reports `ResourceGroupNotFound` for a share across subscriptions. That its client asks for the
    workspace in the registry's subscription is inferred from the message; this SDK is seen not to ask there."""
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import ResourceNotFoundError

    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    registry_client().environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    production = make_client(narrow, "production")
    assert deploy_from_registry(production, name, name) == "0.5"
    with pytest.raises(ResourceNotFoundError, match="ResourceGroupNotFound"):
        _in_subscription(_OTHER, narrow).workspaces.get("production")


def test_an_endpoint_s_own_identity_pulls_only_from_what_it_was_granted(
    narrow: Emulator, client: MLClient, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import HttpResponseError

    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    registry_client("closed").environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    production = make_client(narrow, "production")
    environment = f"azureml://registries/closed/environments/{name}/versions/1"
    with pytest.raises(HttpResponseError, match="does not have pull permission on the registry"):
        deploy_from_registry(production, name, environment)


def test_kubernetes_does_not_pull_from_registries(client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import (
        Environment,
        KubernetesCompute,
        KubernetesOnlineDeployment,
        KubernetesOnlineEndpoint,
    )
    from azure.core.exceptions import HttpResponseError

    name = make_model(client, tmp_path, "0.5")
    registry_client().environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    cluster = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks"
    client.compute.begin_create_or_update(
        KubernetesCompute(name="aks", resource_id=cluster, namespace="default")
    ).result()
    wanted_endpoint = KubernetesOnlineEndpoint(name="cubes", compute="aks")
    client.online_endpoints.begin_create_or_update(wanted_endpoint).result()
    wanted = KubernetesOnlineDeployment(
        name="blue",
        endpoint_name="cubes",
        model=client.models.get(name, "1").id,
        environment=f"azureml://registries/shared/environments/{name}/versions/1",
        instance_type="defaultinstancetype",
    )
    with pytest.raises(HttpResponseError, match="ACRTokenExchangeForbidden"):
        client.online_deployments.begin_create_or_update(wanted).result()


def test_azures_own_registry_may_be_named(narrow: Emulator, client: MLClient, tmp_path: Path) -> None:
    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    environment = "azureml://registries/azureml/environments/sklearn-1.5/versions/1"
    assert deploy_from_registry(make_client(narrow, "production"), name, environment) == "0.5"


def _in_subscription(subscription: str, emulator: Emulator) -> MLClient:
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    return MLClient(DefaultAzureCredential(), subscription, emulator.description["resource_group"], "production")


def test_providers_are_registered_or_not(narrow: Emulator, client: MLClient) -> None:  # noqa: ARG001
    from azure.identity import DefaultAzureCredential
    from azure.mgmt.resource.resources import ResourceManagementClient

    resources = ResourceManagementClient(DefaultAzureCredential(), narrow.description["subscription"])
    assert resources.providers.get("Microsoft.MachineLearningServices").registration_state == "Registered"
    assert resources.providers.get("Microsoft.ContainerRegistry").registration_state == "NotRegistered"
    assert resources.providers.register("Microsoft.ContainerRegistry").registration_state == "Registered"
    assert resources.providers.get("Microsoft.ContainerRegistry").registration_state == "Registered"
    assert resources.resource_groups.get(narrow.description["resource_group"]).location == "westeurope"


def _asked(emulator: Emulator, scope: str, what: str, client: str | None = None) -> list[dict[str, Any]]:
    http = emulator.http(client=client)
    try:
        url = f"https://management.azure.com{scope}/providers/Microsoft.Authorization/{what}"
        answer = http.get(url, params={"api-version": "2022-04-01", "$filter": "atScope()"}).raise_for_status()
    finally:
        http.close()
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def test_permissions_follow_the_grants(narrow: Emulator) -> None:
    described = narrow.description
    group = f"/subscriptions/{described['subscription']}/resourceGroups/{described['resource_group']}"
    workspaces = f"{group}/providers/Microsoft.MachineLearningServices/workspaces"
    registry = workspaces.replace(described["subscription"], _OTHER).replace("workspaces", "registries/shared")
    logs = f"{group}/providers/Microsoft.Storage/storageAccounts/emulated/blobServices/default/containers/logs"
    scopes = [group, f"{workspaces}/development", f"{workspaces}/production", registry, logs]
    owner = [[one["actions"] for one in _asked(narrow, scope, "permissions")] for scope in scopes]
    assert owner == [[["*"]]] * 5
    reader = [_asked(narrow, scope, "permissions", "reader") for scope in scopes]
    assert [[one["actions"] for one in found] for found in reader] == [[], [["*/read"]], [], [["*"]], [[]]]
    assert reader[4][0]["dataActions"] == ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]
    held = _asked(narrow, f"{workspaces}/development", "roleAssignments", "reader")
    assert [one["properties"]["principalId"] for one in held] == ["reader"]
    assert held[0]["properties"]["roleDefinitionId"].endswith("acdd72a7-3385-48ef-bd42-f606fba81ae7")
