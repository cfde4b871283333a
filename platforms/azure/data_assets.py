"""A dataset version as a versioned data asset of the development workspace; its version is the content's hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from platforms.azure.errors import told
from platforms.ports import NotFound

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def ensure_data_asset(client: MLClient, datastore: str, name: str, version: str, prefix: str) -> str:
    """`azureml:NAME:VERSION` of the blobs under the prefix, made if it is not there. An asset's path never changes."""
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Data

    resource = f"data asset {name}:{version}"
    try:
        with told("get", resource):
            client.data.get(name, version=version)
    except NotFound:
        path = f"azureml://datastores/{datastore}/paths/{prefix}"
        with told("create", resource):
            client.data.create_or_update(Data(name=name, version=version, path=path, type=AssetTypes.URI_FOLDER))
    return f"azureml:{name}:{version}"
