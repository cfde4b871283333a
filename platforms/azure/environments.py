"""The Azure ML environments: Docker build contexts of ours, pinned, and named by the hash of what is in them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
    resource = f"environment {name}:{version}"
    try:
        with told("get", resource):
            client.environments.get(name, version=version)
    except NotFound:
        with tempfile.TemporaryDirectory() as folder, told("create", resource):
            for file in _CONTEXTS[purpose]:
                shutil.copy(file, folder)
            build = BuildContext(path=folder, dockerfile_path="Dockerfile")
            client.environments.create_or_update(Environment(name=name, version=version, build=build))
    return f"azureml:{name}:{version}"
