"""The prediction log and the labels: JSON lines in the blob store, hour by hour, the same layout everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.names import labels_prefix, predictions_prefix
from platforms.ports import BlobStore

if TYPE_CHECKING:
    import pandas as pd

PREDICTION_COLUMNS = (
    "correlation_id",
    "time",
    "model_version",
    "slot",
    "prediction",
    "probability",
    "probabilities",
    "inputs",
)
LABEL_COLUMNS = ("correlation_id", "label", "observed_at")


class PredictionLog:
    """What an endpoint answered, and what turned out to be true."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def predictions(self, endpoint: str, start: datetime, end: datetime) -> pd.DataFrame:
        """Predictions of [start, end), a row each; an empty frame if there are none.

        Columns: correlation_id, time (UTC), model_version, slot, prediction, probability (of two classes),
        probabilities (of more: a dictionary), inputs (a dictionary).
        """
        import pandas as pd

        lines = [line for blob in self._hours(endpoint, start, end) for line in self._lines(blob)]
        columns = list(PREDICTION_COLUMNS)
        frame = pd.DataFrame(lines, columns=columns) if lines else pd.DataFrame(columns=columns)
        frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
        return frame[(frame["time"] >= start) & (frame["time"] < end)].reset_index(drop=True)

    def labels(self, workload: str) -> pd.DataFrame:
        """Every label that has arrived: correlation_id, label, observed_at (UTC)."""
        import pandas as pd

        lines = [line for blob in self._blobs.list(labels_prefix(workload)) for line in self._lines(blob.name)]
        frame = pd.DataFrame(lines, columns=list(LABEL_COLUMNS))
        frame["observed_at"] = pd.to_datetime(frame["observed_at"], utc=True, format="ISO8601", errors="coerce")
        return frame

    def _hours(self, endpoint: str, start: datetime, end: datetime) -> Iterator[str]:
        first = start.replace(minute=0, second=0, microsecond=0)
        for blob in self._blobs.list(predictions_prefix(endpoint)):
            hour = _hour_of(blob.name, first)
            if hour is not None and first <= hour < end + timedelta(hours=1):
                yield blob.name

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The blob's records; a line cut short (a writer killed, a disk full) is passed over, the others count."""
        for line in self._blobs.read(name).splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and isinstance(record.get("correlation_id"), str):
                yield record


def _hour_of(name: str, like: datetime) -> datetime | None:
    parts = name.split("/")[-5:-1]
    try:
        year, month, day, hour = (int(part) for part in parts)
        return datetime(year, month, day, hour, tzinfo=like.tzinfo)
    except ValueError:
        return None
