"""The Azure ML environments: Docker build contexts of ours, pinned, and named by the hash of what is in them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from platforms.azure.clients import AzureClients
from platforms.azure.errors import told
from platforms.ports import NotFound

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Purpose = Literal["training", "scoring"]
_ROOT = Path(__file__).parents[2]
# What an image is built from: its Dockerfile, and the packages with their hashes.
_CONTEXTS: dict[Purpose, tuple[Path, Path]] = {
    "training": (_ROOT / "docker" / "training" / "Dockerfile", _ROOT / "docker" / "training" / "requirements.lock"),
    "scoring": (_ROOT / "docker" / "scoring" / "Dockerfile", _ROOT / "scoring" / "requirements.lock"),
}


def environment_name(purpose: Purpose) -> tuple[str, str]:
    """Name and version. The version is the hash of the build context: the same context is the same image."""
    content = hashlib.sha256()
    for file in _CONTEXTS[purpose]:
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return f"perennial-{purpose}", content.hexdigest()[:12]


def ensure_environment(client: MLClient, purpose: Purpose) -> str:
    """`azureml:NAME:VERSION`, made in the workspace if it is not there; the service builds the image."""
    from azure.ai.ml.entities import BuildContext, Environment

    name, version = environment_name(purpose)
    if not is_there(client, purpose):
        with tempfile.TemporaryDirectory() as folder, told("create", f"environment {name}:{version}"):
            for file in _CONTEXTS[purpose]:
                shutil.copy(file, folder)
            build = BuildContext(path=folder, dockerfile_path="Dockerfile")
            client.environments.create_or_update(Environment(name=name, version=version, build=build))
    return f"azureml:{name}:{version}"


def share_environment(clients: AzureClients, purpose: Purpose) -> None:
    """Into the registry, from the development workspace, so that later stages use the very same."""
    registry = clients.registry("development")
    workspace = clients.workspace("development")
    ensure_environment(workspace, purpose)
    if registry is None or is_there(registry, purpose):
        return
    name, version = environment_name(purpose)
    where = {"registry_name": str(clients.settings.registry), "share_with_name": name, "share_with_version": version}
    with told("share", f"environment {name}:{version}"):
        workspace.environments.share(name, version, **where)


def environment_asset(clients: AzureClients, purpose: Purpose) -> str:
    """What a deployment of a later stage names."""
    name, version = environment_name(purpose)
    registry = clients.settings.registry
    if registry is not None:
        return f"azureml://registries/{registry}/environments/{name}/versions/{version}"
    return f"azureml:{name}:{version}"


def is_there(client: MLClient, purpose: Purpose) -> bool:
    """Whether the workspace or registry has it."""
    name, version = environment_name(purpose)
    try:
        with told("get", f"environment {name}:{version}"):
            client.environments.get(name, version=version)
    except NotFound:
        return False
    return True
