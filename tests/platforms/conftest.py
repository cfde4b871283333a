"""Containers in Azurite."""

from __future__ import annotations

from uuid import uuid4

import pytest
from azure.storage.blob import ContainerClient
from pydantic import SecretStr

from deployments.azurite.server import Azurite
from platforms.azure.blobs import AzureBlobStore


@pytest.fixture
def container(azurite: Azurite) -> str:
    """The name of an empty container."""
    name = f"test-{uuid4().hex}"
    ContainerClient.from_connection_string(azurite.connection_string, name).create_container()
    return name


@pytest.fixture
def azure_blobs(azurite: Azurite, container: str) -> AzureBlobStore:
    return AzureBlobStore.connect(SecretStr(azurite.connection_string), container)
