"""The ports that belong together."""

from __future__ import annotations

from dataclasses import dataclass

from platforms.ports.batch import BatchEndpoints
from platforms.ports.blobs import BlobStore
from platforms.ports.compute import Compute
from platforms.ports.endpoints import OnlineEndpoints
from platforms.ports.models import Models
from platforms.ports.monitors import NativeMonitors
from platforms.ports.predictions import Predictions


@dataclass(frozen=True)
class Platform:
    """The adapters that belong together."""

    name: str
    blobs: BlobStore
    compute: Compute
    models: Models
    endpoints: OnlineEndpoints
    predictions: Predictions
    batch: BatchEndpoints
    native_monitors: NativeMonitors | None = None  # None: the platform has none of its own
