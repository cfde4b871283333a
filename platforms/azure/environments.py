"""The Azure ML environments: Docker build contexts of ours, pinned, and named by the hash of what is in them."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lifecycle.names import Stage
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


def environment_name(purpose: Purpose, base: str) -> tuple[str, str]:
    """Name and version. The version is the hash of the build context: the same context is the same image."""
    content = hashlib.sha256()
    for name, file in _build_context(purpose, base).items():
        content.update(name.encode() + b"\0" + file)
    return f"perennial-{purpose}", content.hexdigest()[:12]


def _build_context(purpose: Purpose, base: str) -> dict[str, bytes]:
    """The files by name. Azure ML passes no build arguments: the base image is written in."""
    dockerfile, lock = (file.read_bytes() for file in _CONTEXTS[purpose])
    named = dockerfile.replace(b"ARG BASE\n", f"ARG BASE={base}\n".encode())
    return {"Dockerfile": named, "requirements.lock": lock}


class Environments:
    """Made in the development workspace, and shared to the later stages by the registry."""

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients

    def name(self, purpose: Purpose) -> tuple[str, str]:
        """Name and version of what this code needs."""
        return environment_name(purpose, self._clients.settings.base_image)

    def ensure(self, purpose: Purpose, stage: Stage = "development") -> str:
        """`azureml:NAME:VERSION`, made in the stage's workspace if it is not there; Azure builds the image."""
        from azure.ai.ml.entities import BuildContext, Environment

        client = self._clients.workspace(stage)
        name, version = self.name(purpose)
        if not self.is_there(client, purpose):
            with tempfile.TemporaryDirectory() as folder, told("create", f"environment {name}:{version}"):
                for file, content in _build_context(purpose, self._clients.settings.base_image).items():
                    Path(folder, file).write_bytes(content)
                build = BuildContext(path=folder, dockerfile_path="Dockerfile")
                client.environments.create_or_update(Environment(name=name, version=version, build=build))
        return f"azureml:{name}:{version}"

    def share(self, purpose: Purpose) -> None:
        """Into the registry, so that later stages use the very same. Nothing happens to what is there."""
        registry = self._clients.registry("development")
        if registry is not None and self.is_there(registry, purpose):
            return
        self.ensure(purpose)
        if registry is None:
            return
        name, version = self.name(purpose)
        to = {"registry_name": str(self._clients.settings.registry), "share_with_name": name}
        with told("share", f"environment {name}:{version}"):
            self._clients.workspace("development").environments.share(name, version, share_with_version=version, **to)

    def asset(self, purpose: Purpose) -> str:
        """What a deployment of a later stage names."""
        name, version = self.name(purpose)
        registry = self._clients.settings.registry
        if registry is not None:
            return f"azureml://registries/{registry}/environments/{name}/versions/{version}"
        return f"azureml:{name}:{version}"

    def is_there(self, client: MLClient, purpose: Purpose) -> bool:
        """Whether the workspace or registry has it."""
        name, version = self.name(purpose)
        try:
            with told("get", f"environment {name}:{version}"):
                client.environments.get(name, version=version)
        except NotFound:
            return False
        return True
