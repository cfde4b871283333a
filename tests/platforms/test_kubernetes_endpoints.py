"""A stage whose endpoints lie on a Kubernetes cluster: the same adapter, on copies in the stage's own workspace."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from platforms.azure.clients import AzureClients
from platforms.azure.endpoints import AzureOnlineEndpoints
from platforms.azure.models import AzureModels
from tests.platforms.conftest import EmulatedAzure
from tests.platforms.test_endpoints import bring_up, score
from tests.toy_model import pack_toy_model

_CLUSTER = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/emulated"
    "/providers/Microsoft.ContainerService/managedClusters/aks"
)


def test_a_version_serves_on_a_cluster(azure: EmulatedAzure, tmp_path: Path) -> None:
    from azure.ai.ml import load_compute
    from azure.ai.ml.entities import KubernetesOnlineEndpoint

    settings = azure.settings.require_azure()
    staging = settings.staging.model_copy(update={"kubernetes": "aks"})
    clients = AzureClients(settings.model_copy(update={"staging": staging}))
    cluster = load_compute(None, params_override=[{"name": "aks", "type": "kubernetes", "resource_id": _CLUSTER}])
    clients.workspace("staging").compute.begin_create_or_update(cluster).result()

    models = AzureModels(clients)
    endpoints = AzureOnlineEndpoints(clients, models)
    name = f"toy-{uuid4().hex[:6]}-staging"
    packed = tmp_path / "model"
    packed.mkdir()
    pack_toy_model(packed)
    (packed / "MLmodel").write_text("flavors: {}")
    version = models.register(name, models.start_run(name, "one", {}), packed, "one", {})

    endpoints.ensure(name, {"workload": "toy"})
    bring_up(endpoints, name, "candidate", version)  # its bytes are those registered, or it would not start
    assert score(endpoints, name, "candidate").json()["model_version"] == 1
    assert isinstance(clients.workspace("staging").online_endpoints.get(name), KubernetesOnlineEndpoint)
    assert clients.workspace("staging").models.get(name, "1").version == "1"
    endpoints.delete_slot(name, "candidate")
