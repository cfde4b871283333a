"""The work pools on Azure: taken by a real Prefect server, and a run's configuration resolves. Azure is not reached."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.workers.process import ProcessJobConfiguration
from prefect_azure import AzureBlobStorageContainer
from prefect_azure.workers.container_instance import AzureContainerJobConfiguration

from deployments.azure.pools import (
    KINDS,
    TEMPLATES,
    PoolsFailed,
    apply_pools,
    azure_settings,
    pool_name,
    render,
)
from tests.conftest import ROOT, Service

GROUP = "/subscriptions/0f0f/resourceGroups/rg-perennial-dev/providers"
IDENTITY = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-perennial-dev-flows"
SUBNET = f"{GROUP}/Microsoft.Network/virtualNetworks/vnet-perennial-dev/subnets/flows"
IMAGE = f"crperennial.azurecr.io/flows@sha256:{'ab' * 32}"
OUTPUTS = {
    "environment": "dev",
    "location": "westeurope",
    "subscriptionId": "0f0f",
    "resourceGroupName": "rg-perennial-dev",
    "storageName": "stperennial1",
    "imagesServer": "crperennial.azurecr.io",
    "flowsIdentityId": IDENTITY,
    "flowsClientId": "c11e",
    "flowsSubnetId": SUBNET,
}
SETTINGS = {"PERENNIAL_PLATFORM": "azure", "PERENNIAL_AZURE_WORKSPACE": "mlw-perennial-dev"}


@pytest.fixture
def server(stack: Service) -> Iterator[None]:
    """The service's own Prefect server: without one named, Prefect would start another."""
    with temporary_settings({PREFECT_API_URL: f"{stack.addresses['prefect']}/api"}):
        yield


def template(kind: str) -> dict[str, Any]:
    return render(kind, OUTPUTS, IMAGE, SETTINGS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_variable_is_described_and_used_and_no_other(kind: str) -> None:
    content = json.loads((TEMPLATES / f"{kind}.json").read_text())
    properties = content["variables"]["properties"]
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(content["job_configuration"])))
    assert used == set(properties)
    assert all(one["title"] and one["description"] for one in properties.values())


def test_the_templates_ask_for_nothing_that_main_bicep_does_not_put_out() -> None:
    main = (ROOT / "deployments" / "azure" / "main.bicep").read_text()
    put_out = set(re.findall(r"^output (\w+) ", main, re.MULTILINE))
    asked = {name for file in TEMPLATES.glob("*.json") for name in re.findall(r"\$\{(\w+)\}", file.read_text())}
    assert asked - {"image"} <= put_out
    assert set(OUTPUTS) <= put_out


def test_a_pod_is_named_as_the_kubernetes_worker_demands_and_may_become_nothing_more() -> None:
    """prefect-kubernetes is not among our requirements; what it refuses was found by driving it (0.8.0)."""
    spec = template("kubernetes")["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["name"] == "prefect-job"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False


def test_an_image_by_tag_is_refused() -> None:
    with pytest.raises(PoolsFailed, match="sha256"):
        render("process", OUTPUTS, "crperennial.azurecr.io/flows:latest", {})


@pytest.mark.parametrize("missing", ["flowsSubnetId", "flowsClientId"])
def test_an_output_that_is_missing_is_named(missing: str) -> None:
    outputs = {name: value for name, value in OUTPUTS.items() if name != missing}
    with pytest.raises(PoolsFailed, match=missing):
        render("azure-container-instance", outputs, IMAGE, {})


def test_no_secret_reaches_a_pool() -> None:
    given = {**SETTINGS, "PERENNIAL_SLACK_WEBHOOK": "https://secret", "AZURE_CLIENT_SECRET": "secret", "PATH": "/bin"}
    assert azure_settings(given) == SETTINGS


@pytest.mark.usefixtures("server")
def test_a_container_runs_the_image_as_the_flows_identity_in_the_flows_subnet() -> None:
    group = asyncio.run(resolve(template("azure-container-instance"))).arm_template["resources"][0]
    assert group["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    assert group["properties"]["subnetIds"] == [{"id": SUBNET}]
    assert group["properties"]["imageRegistryCredentials"] == [
        {"server": "crperennial.azurecr.io", "identity": IDENTITY}
    ]
    container = group["properties"]["containers"][0]["properties"]
    assert container["image"] == IMAGE
    assert container["command"] == ["python", "-m", "flows"]  # a null entry point would bring Prefect's own script
    assert container["resources"]["requests"] == {"cpu": 4, "memoryInGB": 2.0}
    variables = {one["name"]: one.get("value") for one in container["environmentVariables"]}
    assert variables["AZURE_CLIENT_ID"] == "c11e"
    assert variables["PERENNIAL_AZURE_WORKSPACE"] == "mlw-perennial-dev"
    assert variables["PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK"] == "azure-blob-storage-container/perennial-dev"


@pytest.mark.usefixtures("server")
def test_a_process_has_the_settings_of_its_pool_beside_its_own() -> None:
    values = {"env": {"A": "1"}}
    process = asyncio.run(ProcessJobConfiguration.from_template_and_values(template("process"), values))
    assert process.command == "python -m flows"
    assert process.env["A"] == "1"
    assert process.env["PERENNIAL_PLATFORM"] == "azure"


@pytest.mark.usefixtures("server")
def test_the_server_takes_the_pools_and_the_block_as_often_as_one_likes() -> None:
    assert apply_pools(OUTPUTS, IMAGE, {}) == [pool_name(kind, "dev") for kind in KINDS]
    apply_pools(OUTPUTS, IMAGE, SETTINGS)
    with get_client(sync_client=True) as client:
        stored = {kind: client.read_work_pool(pool_name(kind, "dev")) for kind in KINDS}
    block = AzureBlobStorageContainer.load("perennial-dev", _sync=True)
    assert {kind: pool.type for kind, pool in stored.items()} == {kind: kind for kind in KINDS}
    for kind, pool in stored.items():
        assert pool.base_job_template == template(kind)
    assert block.container_name == "prefect-results"
    assert block.credentials.account_url == "https://stperennial1.blob.core.windows.net"
    assert block.credentials.connection_string is None


async def resolve(base: dict[str, Any]) -> AzureContainerJobConfiguration:
    """As a worker does for a run whose deployment wants four cores."""
    from uuid import uuid4

    from prefect.client.schemas.objects import FlowRun

    configuration = await AzureContainerJobConfiguration.from_template_and_values(base, {"cpu": 4})
    configuration.prepare_for_flow_run(FlowRun(id=uuid4(), name="brave-otter", flow_id=uuid4()))
    return configuration
