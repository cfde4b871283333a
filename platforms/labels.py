"""The labels: what turned out to be true, as JSON lines in the blob store, the same on every platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle.names import labels_prefix
from platforms.ports import BlobStore

if TYPE_CHECKING:
    import pandas as pd

LABEL_COLUMNS = ("correlation_id", "label", "observed_at")


def read_labels(blobs: BlobStore, workload: str, since: datetime | None = None) -> pd.DataFrame:
    """The labels that have arrived, with `since` in blobs that were written then or later: correlation_id, label,
    observed_at (UTC). No label of a prediction was written before the prediction was made."""
    import pandas as pd

    lines = [line for blob in blobs.list(labels_prefix(workload), since) for line in _lines(blobs.read(blob.name))]
    frame = pd.DataFrame(lines, columns=list(LABEL_COLUMNS))
    frame["observed_at"] = pd.to_datetime(frame["observed_at"], utc=True, format="ISO8601", errors="coerce")
    return frame


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    """Records with an id; a line cut short is passed over, the others count."""
    for line in content.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("correlation_id"), str):
            yield record
