"""The prediction log that `score.py` writes itself: JSON lines in the blob store, hour by hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.names import predictions_prefix
from platforms.json_lines import logged_records
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
    "quantiles",
    "caller",
    "inputs",
)


class PredictionLog:
    """Implements `Predictions` over a blob store: what every endpoint without a collector of its own has."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def between(self, endpoint: str, start: datetime, end: datetime, copies: bool = False) -> pd.DataFrame:
        lines = (line for blob in self._hours(endpoint, start, end) for line in logged_records(self._blobs.read(blob)))
        return prediction_frame((line for line in lines if copies or not line.get("mirrored")), start, end)

    def _hours(self, endpoint: str, start: datetime, end: datetime) -> Iterator[str]:
        first = start.replace(minute=0, second=0, microsecond=0)
        for blob in self._blobs.list(predictions_prefix(endpoint)):
            hour = _hour_of(blob.name, first)
            if hour is not None and first <= hour < end + timedelta(hours=1):
                yield blob.name


def prediction_frame(records: Iterable[Mapping[str, Any]], start: datetime, end: datetime) -> pd.DataFrame:
    """The records of [start, end) as the port promises them: in the order of time, each once."""
    import pandas as pd

    frame = pd.DataFrame(list(records), columns=list(PREDICTION_COLUMNS))
    frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601", errors="coerce")
    frame = frame[(frame["time"] >= start) & (frame["time"] < end)]
    frame = frame.drop_duplicates(["correlation_id", "time"])
    return frame.sort_values("time", kind="stable", ignore_index=True)


def _hour_of(name: str, like: datetime) -> datetime | None:
    parts = name.split("/")[-5:-1]
    try:
        year, month, day, hour = (int(part) for part in parts)
        return datetime(year, month, day, hour, tzinfo=like.tzinfo)
    except ValueError:
        return None
