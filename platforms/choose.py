"""The one place that chooses among the adapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from platforms.ports import Platform
from platforms.settings import Settings
from platforms.setup import Item


def choose_platform(settings: Settings) -> Platform:
    """The adapters that the settings ask for."""
    return _local(settings) if settings.platform == "local" else _azure(settings)


def setup_plan(settings: Settings, workloads: Sequence[str]) -> Iterable[Item]:
    """What the platform needs before the first run, and whether it is there. On this machine: nothing."""
    if settings.platform == "local":
        return ()
    from platforms.azure.clients import AzureClients
    from platforms.azure.workspace_setup import plan

    platform = choose_platform(settings)
    return plan(AzureClients(settings.require_azure()), platform.endpoints, platform.blobs, workloads)


def _local(settings: Settings) -> Platform:
    from platforms.local.blobs import LocalBlobStore
    from platforms.local.compute import LocalCompute
    from platforms.local.endpoints import LocalOnlineEndpoints
    from platforms.mlflow_models import MlflowModels
    from platforms.prediction_log import PredictionLog

    blobs = LocalBlobStore(settings.blobs)
    models = MlflowModels(settings.address("mlflow"))
    token = (settings.state / "gateway" / "admin.token").read_text().strip()
    return Platform(
        name="local",
        blobs=blobs,
        compute=LocalCompute(settings.state / "jobs", blobs),
        models=models,
        endpoints=LocalOnlineEndpoints(settings.address("gateway_admin"), token, models),
        predictions=PredictionLog(blobs),
    )


def _azure(settings: Settings) -> Platform:
    from platforms.azure.blobs import AzureBlobStore
    from platforms.azure.clients import AzureClients
    from platforms.azure.compute import AzureCompute
    from platforms.azure.endpoints import AzureOnlineEndpoints
    from platforms.azure.models import AzureModels
    from platforms.azure.stage_predictions import StagePredictions

    azure = settings.require_azure()
    clients = AzureClients(azure)
    models = AzureModels(clients)
    return Platform(
        name="azure",
        blobs=AzureBlobStore.connect(azure.storage, azure.container),
        compute=AzureCompute(clients),
        models=models,
        endpoints=AzureOnlineEndpoints(clients, models),
        predictions=StagePredictions(clients),
    )
