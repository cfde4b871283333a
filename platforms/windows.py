"""The records of monitored windows in the blob store: a small blob a window, named by its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lifecycle.names import window_blob, window_end, windows_prefix
from lifecycle.windows import WindowRecord
from platforms.ports import BlobStore


class Windows:
    """Implements `lifecycle.windows.History` for one workload. Its list of names is as of when it was made."""

    def __init__(self, blobs: BlobStore, workload: str) -> None:
        self._blobs = blobs
        self._workload = workload
        named = ((blob.name, window_end(blob.name)) for blob in blobs.list(windows_prefix(workload)))
        self._ends = sorted((end, name) for name, end in named if end is not None)
        self._read: dict[str, WindowRecord | None] = {}

    @property
    def newest(self) -> datetime | None:
        """When the last of them ended, UTC; told by its name."""
        return self._ends[-1][0] if self._ends else None

    def write(self, record: WindowRecord) -> bool:
        """Add the record; False where one of its key and window was written before."""
        name = window_blob(self._workload, record.end, record.key)
        written = self._blobs.put_if_absent(name, record.model_dump_json().encode())
        if written:
            self._ends = sorted([*self._ends, (record.end, name)])
            self._read[name] = record
        return written

    def before(self, moment: datetime) -> Iterator[WindowRecord]:
        """Those that ended at or before the moment, the newest first; read as they are asked for."""
        for end, name in reversed(self._ends):
            if end <= moment and (record := self._record(name)) is not None:
                yield record

    def over_time(self, moment: datetime, count: int) -> list[WindowRecord]:
        """The last `count` records up to the moment, the oldest first, of which none overlaps another."""
        found: list[WindowRecord] = []
        for end, name in reversed(self._ends):
            # By its name first: most records overlap, and need not be read.
            if len(found) == count or end > moment or (found and end > found[-1].start):
                continue
            if (record := self._record(name)) is not None:
                found.append(record)
        return found[::-1]

    def prune(self, older_than: datetime) -> int:
        """Forget those that ended before; how many."""
        old = [name for end, name in self._ends if end < older_than]
        for name in old:
            self._blobs.delete(name)
        self._ends = [(end, name) for end, name in self._ends if end >= older_than]
        return len(old)

    def _record(self, name: str) -> WindowRecord | None:
        """None for a blob that is no record: a newer version of ours may have written it, or anyone."""
        if name not in self._read:
            try:
                self._read[name] = WindowRecord.model_validate_json(self._blobs.read(name))
            except ValueError:
                self._read[name] = None
        return self._read[name]
