"""Kubernetes: a cluster that is attached, endpoints and deployments on it, really served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import Emulator

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_CLUSTER = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/emulated"
    "/providers/Microsoft.ContainerService/managedClusters/aks"
)


@pytest.fixture
def endpoint(client: MLClient) -> str:
    """On a cluster that is attached as the documents say."""
    from azure.ai.ml import load_compute
    from azure.ai.ml.entities import Environment, KubernetesOnlineEndpoint

    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    described = {"name": "aks", "type": "kubernetes", "resource_id": _CLUSTER}
    cluster = load_compute(None, params_override=[described])
    client.compute.begin_create_or_update(cluster).result()
    name = f"k-{uuid4().hex[:8]}"
    wanted = KubernetesOnlineEndpoint(name=name, compute="aks", auth_mode="key")
    client.online_endpoints.begin_create_or_update(wanted).result()
    return name


def _deploy(client: MLClient, endpoint: str, name: str, folder: Path, **more: Any) -> None:
    from azure.ai.ml.entities import KubernetesOnlineDeployment, Model

    (folder / name).mkdir()
    (folder / name / "weights.txt").write_text(name)
    model = client.models.create_or_update(Model(name=f"{endpoint}-{name}", version="1", path=str(folder / name)))
    wanted = KubernetesOnlineDeployment(
        name=name, endpoint_name=endpoint, model=model.id, environment="azureml:bare:1", instance_count=1, **more
    )
    client.online_deployments.begin_create_or_update(wanted).result()


def test_a_cluster_is_attached(client: MLClient, endpoint: str) -> None:
    from azure.ai.ml.entities import KubernetesCompute

    client.online_endpoints.get(endpoint)
    found = client.compute.get("aks")
    assert isinstance(found, KubernetesCompute)
    assert (found.resource_id, found.namespace) == (_CLUSTER, "default")


def test_a_deployment_serves(sdk: Emulator, client: MLClient, endpoint: str, tmp_path: Path) -> None:
    from azure.ai.ml.entities import KubernetesOnlineDeployment, KubernetesOnlineEndpoint
    from azure.ai.ml.entities import ResourceRequirementsSettings as Requirements
    from azure.ai.ml.entities import ResourceSettings as Resources

    wanted = Requirements(requests=Resources(cpu="0.2", memory="200Mi"), limits=Resources(cpu="1", memory="1Gi"))
    _deploy(client, endpoint, "blue", tmp_path, resources=wanted)
    _deploy(client, endpoint, "green", tmp_path)
    found = client.online_endpoints.get(endpoint)
    assert isinstance(found, KubernetesOnlineEndpoint)
    assert found.compute.endswith("/aks")
    blue = client.online_deployments.get("blue", endpoint)
    assert isinstance(blue, KubernetesOnlineDeployment)
    assert (blue.resources.requests.cpu, blue.resources.limits.memory) == ("0.2", "1Gi")
    assert client.online_deployments.get("green", endpoint).resources.limits.cpu  # the cluster's own
    found.traffic = {"blue": 100}
    client.online_endpoints.begin_create_or_update(found).result()
    key = client.online_endpoints.get_keys(endpoint).primary_key
    with sdk.http(token=False) as http:
        answer = http.post(found.scoring_uri, json=[1], headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["model"] == "blue"


def test_there_is_no_mirror(client: MLClient, endpoint: str, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    for name in ("blue", "green"):
        _deploy(client, endpoint, name, tmp_path)
    found = client.online_endpoints.get(endpoint)
    found.traffic, found.mirror_traffic = {"blue": 100}, {"green": 10}
    with pytest.raises(HttpResponseError, match="mirrored"):
        client.online_endpoints.begin_create_or_update(found).result()


def test_an_endpoint_takes_its_own_kind_of_deployment(client: MLClient, endpoint: str, tmp_path: Path) -> None:
    from azure.ai.ml.entities import KubernetesOnlineEndpoint, ManagedOnlineDeployment, Model
    from azure.core.exceptions import HttpResponseError

    (tmp_path / "weights.txt").write_text("1")
    model = client.models.create_or_update(Model(name=endpoint, version="1", path=str(tmp_path)))
    wanted = ManagedOnlineDeployment(
        name="blue",
        endpoint_name=endpoint,
        model=model.id,
        environment="azureml:bare:1",
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    with pytest.raises(HttpResponseError, match="does not take Managed"):
        client.online_deployments.begin_create_or_update(wanted).result()
    with pytest.raises(Exception, match="nowhere"):
        client.online_endpoints.begin_create_or_update(KubernetesOnlineEndpoint(name="k8s", compute="nowhere")).result()
