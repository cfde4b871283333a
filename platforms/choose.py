"""The one place that chooses among the adapters."""

from __future__ import annotations

from platforms.ports import Platform
from platforms.settings import Settings


def choose_platform(settings: Settings) -> Platform:
    """The adapters that the settings ask for."""
    from platforms.local.blobs import LocalBlobStore
    from platforms.local.compute import LocalCompute
    from platforms.local.endpoints import LocalOnlineEndpoints
    from platforms.mlflow_models import MlflowModels
    from platforms.prediction_log import PredictionLog

    blobs = LocalBlobStore(settings.blobs)
    token = (settings.state / "gateway" / "admin.token").read_text().strip()
    return Platform(
        name="local",
        blobs=blobs,
        compute=LocalCompute(settings.state / "jobs", blobs),
        models=MlflowModels(settings.address("mlflow")),
        endpoints=LocalOnlineEndpoints(settings.address("gateway_admin"), token),
        predictions=PredictionLog(blobs),
    )
