"""The names of the data collector's blobs: whose they are, and of which time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ROOT = "modelDataCollector"
INPUTS, OUTPUTS, BOTH = "model_inputs", "model_outputs", "model_inputs_outputs"
COLLECTIONS = (INPUTS, OUTPUTS, BOTH)
SLACK = timedelta(hours=1)  # between a row's own time and that of the blob it lies in: buffers, clocks
_UNITS = (timedelta(days=366), timedelta(days=31), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))


@dataclass(frozen=True)
class Collected:
    """One blob of lines; `begins` and `lasts` are what its folders say, by the deployment's rolling rate."""

    name: str
    endpoint: str
    deployment: str
    collection: str
    begins: datetime
    lasts: timedelta


def collected(name: str) -> Collected | None:
    """What the name says, or None where it is not one of ours, such as a payload that lies aside."""
    root, *parts = name.split("/")
    if root != ROOT or len(parts) < 5 or parts[2] not in COLLECTIONS or not name.endswith(".jsonl"):
        return None
    endpoint, deployment, collection, *folders = parts[:-1]
    try:
        numbers = [int(folder) for folder in folders]
        if not 1 <= len(numbers) <= len(_UNITS):
            return None
        begins = datetime(*(numbers + [1, 1][len(numbers) - 1 :]), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        return None
    return Collected(name, endpoint, deployment, collection, begins, _UNITS[len(numbers) - 1])


def may_hold(blob: Collected, start: datetime, end: datetime) -> bool:
    """Whether rows of [start, end) may lie in it."""
    return blob.begins - SLACK < end and blob.begins + blob.lasts + SLACK > start
