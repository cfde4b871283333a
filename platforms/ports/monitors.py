"""The platform's own monitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class NativeMonitor:
    """What the platform's own monitor is told: the deployment to watch, and the training data to compare it with."""

    endpoint: str
    slot: str
    kind: str  # classification or regression
    dataset: str  # the dataset version that trained what serves
    training_prefix: str  # ends in '/': below it lie the Parquet files of its training rows
    features: tuple[str, ...]
    label: str


class NativeMonitors(Protocol):
    """The platform's own drift monitors, beside ours: one an endpoint. Blocks; every call may be repeated."""

    def ensure(self, monitor: NativeMonitor) -> None:
        """Make the endpoint's monitor, or turn it to this deployment and data."""

    def remove(self, endpoint: str) -> None:
        """Harmless where there is none."""
