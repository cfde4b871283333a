"""The one place that chooses among the adapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from platforms.ports import Platform
from platforms.settings import Settings
from platforms.setup import Item

ENVIRONMENTS = Path(__file__).parents[1] / ".perennial" / "environments"  # shared: they are named by what they hold


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
    from platforms.local.batch import LocalBatchEndpoints
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
        batch=LocalBatchEndpoints(settings.state / "batch", ENVIRONMENTS, blobs, models),
    )


def _azure(settings: Settings) -> Platform:
    from platforms.azure.batch import AzureBatchEndpoints
    from platforms.azure.blobs import AzureBlobStore
    from platforms.azure.clients import AzureClients
    from platforms.azure.compute import AzureCompute
    from platforms.azure.endpoints import AzureOnlineEndpoints
    from platforms.azure.models import AzureModels
    from platforms.azure.native_monitor import AzureNativeMonitors
    from platforms.azure.stage_predictions import StagePredictions

    azure = settings.require_azure()
    clients = AzureClients(azure)
    models = AzureModels(clients)
    blobs = AzureBlobStore.connect(azure.storage, azure.container)
    return Platform(
        name="azure",
        blobs=blobs,
        compute=AzureCompute(clients, blobs),
        models=models,
        endpoints=AzureOnlineEndpoints(clients, models),
        predictions=StagePredictions(clients),
        batch=AzureBatchEndpoints(clients, models, blobs),
        native_monitors=AzureNativeMonitors(clients, blobs),
    )
