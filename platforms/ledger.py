"""The ledger in the blob store: append-only, an entry a blob, written once."""

from __future__ import annotations

import re

from lifecycle.ledger import LedgerEntry
from lifecycle.names import ledger_prefix
from platforms.ports import BlobStore


class Ledger:
    """The audit of one workload. Nothing reads it to decide: delete it, and only the history is gone."""

    def __init__(self, blobs: BlobStore, workload: str) -> None:
        self._blobs = blobs
        self._prefix = ledger_prefix(workload)

    def write(self, entry: LedgerEntry) -> bool:
        """Add the entry; False where one of its kind and key was written before."""
        name = re.sub(r"[^A-Za-z0-9._-]", "-", f"{entry.kind}-{entry.key}")
        return self._blobs.put_if_absent(f"{self._prefix}{name}.json", entry.model_dump_json(indent=1).encode())

    def entries(self) -> list[LedgerEntry]:
        """All entries, the oldest first."""
        blobs = (self._blobs.read(blob.name) for blob in self._blobs.list(self._prefix))
        return sorted((LedgerEntry.model_validate_json(content) for content in blobs), key=lambda entry: entry.at)
