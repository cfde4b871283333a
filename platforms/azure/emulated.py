"""An emulated Azure on this machine: where it is, and what stands in for the infrastructure that Bicep makes."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from platforms.azure.settings import AzureSettings, AzureStage

WORKSPACES = ("development", "staging", "production")
CONTAINER = "perennial"
REGISTRY = "perennial-models"


def identity_of(workspace: str) -> str:
    """The identity that may reach this workspace, the registry, and no other workspace."""
    return f"perennial-{workspace}"


def description(state: Path) -> dict[str, Any]:
    """What the running emulator says of itself. LookupError where none runs."""
    file = state / "emulator" / "emulator.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        raise LookupError(f"No emulator runs in {state}: there is no {file}. Start it with `perennial up`.") from None
    return found


def emulated_settings(state: Path) -> AzureSettings:
    """The settings that lead to the emulator of that state directory."""
    told = description(state)
    secret = SecretStr(told["environment"]["AZURE_CLIENT_SECRET"])
    development, staging, production = (
        AzureStage(workspace=name, client_id=identity_of(name), client_secret=secret) for name in WORKSPACES
    )
    return AzureSettings(
        tenant=told["environment"]["AZURE_TENANT_ID"],
        registry=REGISTRY,
        subscription=told["subscription"],
        resource_group=told["resource_group"],
        development=development,
        staging=staging,
        production=production,
        storage=SecretStr(f"https://{told['storage_account']}.blob.core.windows.net"),
        container=CONTAINER,
        base_image="python:3.11-slim-bookworm",  # no image is built there
    )


def client_environment(state: Path) -> dict[str, str]:
    """The variables that lead the unchanged SDKs to it."""
    found: dict[str, str] = description(state)["environment"]
    return found


def make_infrastructure(settings: AzureSettings) -> None:
    """The blob container and the clusters. Nothing happens to what is there."""
    from azure.ai.ml.entities import AmlCompute
    from azure.core.exceptions import ResourceExistsError

    from platforms.azure.blob_account import container_client
    from platforms.azure.clients import AzureClients

    with container_client(settings.storage, settings.container) as container, suppress(ResourceExistsError):
        container.create_container()
    clients = AzureClients(settings)
    for stage, name in (("development", settings.compute), ("production", settings.batch_compute)):
        cluster = AmlCompute(name=name, size=settings.training_size, min_instances=0, max_instances=2)
        clients.workspace(stage).compute.begin_create_or_update(cluster).result()  # type: ignore[arg-type]
