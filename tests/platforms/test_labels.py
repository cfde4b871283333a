"""Labels in the blob store: all of them, or those that may be of a window."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from platforms.labels import read_labels
from platforms.local.blobs import LocalBlobStore

MAY = datetime(2026, 5, 1, tzinfo=UTC)


def written(root: Path, name: str, at: datetime, *identities: str) -> None:
    lines = [f'{{"correlation_id": "{one}", "label": 1, "observed_at": "{at.isoformat()}"}}' for one in identities]
    LocalBlobStore(root).write(f"labels/toy/{name}.jsonl", "\n".join([*lines, "{"]).encode())
    os.utime(root / f"labels/toy/{name}.jsonl", (at.timestamp(), at.timestamp()))


def test_only_blobs_written_since_are_read(tmp_path: Path) -> None:
    written(tmp_path, "a", MAY, "one", "two")
    written(tmp_path, "b", MAY + timedelta(days=1), "three")
    blobs = LocalBlobStore(tmp_path)
    assert list(read_labels(blobs, "toy")["correlation_id"]) == ["one", "two", "three"]
    assert list(read_labels(blobs, "toy", MAY + timedelta(hours=1))["correlation_id"]) == ["three"]
    late = read_labels(blobs, "toy", MAY + timedelta(days=2))
    assert late.empty
    assert list(late.columns) == ["correlation_id", "label", "observed_at"]
