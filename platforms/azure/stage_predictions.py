"""The predictions of each stage's endpoints, from the container that its workspace's collector writes to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from lifecycle.names import Stage, stage_of
from platforms.azure.blob_account import container_client
from platforms.azure.blobs import AzureBlobStore
from platforms.azure.clients import AzureClients
from platforms.azure.collected_predictions import CollectedPredictions
from platforms.azure.errors import told

if TYPE_CHECKING:
    import pandas as pd


class StagePredictions:
    """Implements `Predictions`: the endpoint's name says the stage, the stage's default datastore the container."""

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients
        self._of: dict[Stage, CollectedPredictions] = {}

    def between(self, endpoint: str, start: datetime, end: datetime, copies: bool = False) -> pd.DataFrame:
        stage = stage_of(endpoint)
        if stage not in self._of:
            self._of[stage] = CollectedPredictions(self._container(stage))
        return self._of[stage].between(endpoint, start, end, copies)

    def _container(self, stage: Stage) -> AzureBlobStore:
        with told("get the default datastore", f"the workspace of {stage}"):
            store = self._clients.workspace(stage).datastores.get_default()
        address = SecretStr(f"https://{store.account_name}.blob.{store.endpoint}")
        return AzureBlobStore(container_client(address, str(store.container_name), self._clients.credential(stage)))
