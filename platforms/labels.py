"""The labels: what turned out to be true, as JSON lines in the blob store, the same on every platform."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.names import labels_prefix
from platforms.json_lines import logged_records
from platforms.ports import BlobStore

if TYPE_CHECKING:
    import pandas as pd

LABEL_COLUMNS = ("correlation_id", "label", "observed_at")


def read_labels(blobs: BlobStore, workload: str, since: datetime | None = None) -> pd.DataFrame:
    """The labels that have arrived, with `since` in blobs that were written then or later: correlation_id, label,
    observed_at (UTC). No label of a prediction was written before the prediction was made."""
    import pandas as pd

    lines = [
        line for blob in blobs.list(labels_prefix(workload), since) for line in logged_records(blobs.read(blob.name))
    ]
    frame = pd.DataFrame(lines, columns=list(LABEL_COLUMNS))
    frame["observed_at"] = pd.to_datetime(frame["observed_at"], utc=True, format="ISO8601", errors="coerce")
    return frame
