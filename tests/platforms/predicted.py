"""Predictions as a scoring server logs them, fed to each adapter by the parts that feed it in earnest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from azureml_emulator.data_collector import DataCollector
from platforms.ports import BlobStore, Predictions
from scoring.data_collector import payloads
from scoring.score import Files, PredictionLog

Record = dict[str, Any]
START = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
HALVES = ("model_inputs", "model_outputs")


def record(identity: str, at: datetime, **more: Any) -> Record:
    """One prediction, as `score.py` records it."""
    known = {"prediction": 1, "probability": 0.75, "model_version": 2, "endpoint": "toy", "slot": "blue"}
    inputs = {"age": 41.5, "weight": 80}
    return {"correlation_id": identity, "time": at.isoformat(), "latency_ms": 1.5, "inputs": inputs} | known | more


class Logged(Protocol):
    """A platform on which predictions are logged, and read."""

    blobs: BlobStore
    predictions: Predictions

    def log(self, *records: Record) -> None:
        """As the slot that the records name would."""


class LocallyLogged:
    """By `score.py`'s own files in the local blob store."""

    def __init__(self, blobs: BlobStore, folder: Path, predictions: Predictions) -> None:
        self.blobs, self.predictions = blobs, predictions
        self._folder = folder

    def log(self, *records: Record) -> None:
        for one in records:
            log = PredictionLog([Files(self._folder / "predictions" / one["endpoint"] / one["slot"])], 60)
            log.add([one])
            log.flush()


class Collected:
    """By `score.py`'s payloads through the emulator's data collector into Azure's blobs."""

    def __init__(self, blobs: BlobStore, folder: Path, predictions: Predictions) -> None:
        self.blobs, self.predictions = blobs, predictions
        self._folder = folder

    def log(self, *records: Record) -> None:
        for one in records:
            self.collect([one])

    def collect(
        self, records: Sequence[Record], collections: Sequence[str] = HALVES, rolled: str = "Hour", at: str = ""
    ) -> None:
        """In as few lines as the collector makes of them, in the hour of the first or of `at`."""
        first = records[0]
        collector = DataCollector(
            source=f"/subscriptions/s/onlineEndpoints/{first['endpoint']}/deployments/{first['slot']}",
            config={"collections": {name: {"enabled": True} for name in collections}},
            rolled=rolled,
            folder=self._folder / uuid4().hex,
            put=self.blobs.upload,
            address="https://account.blob.core.windows.net/container",
            seconds=3600,
        )
        seconds = int(datetime.fromisoformat(at or first["time"]).timestamp())
        for parts in payloads(records, collections):
            for name, payload in zip(collections, parts, strict=True):
                headers = {"ce-type": f"azureml.inference.{name}", "ce-time": str(seconds)}
                collector.take(headers, payload.encode())
        collector.close()
