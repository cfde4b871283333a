"""The built-in blob store's memory: names and properties in SQLite, each content in a file of its own."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True)
class Blob:
    """A blob's properties, and the file that holds its bytes."""

    name: str
    file: Path
    size: int
    modified: datetime
    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{self.file.name}"'


class BlobIndex:
    """Blobs by container and name. A write makes a new file, so that a reader keeps the one it has opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(folder / "index.sqlite", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS containers (name TEXT PRIMARY KEY)")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS blobs (container TEXT, name TEXT, file TEXT, size INTEGER, modified TEXT,"
            " type TEXT, metadata TEXT, PRIMARY KEY (container, name))"
        )

    def create_container(self, name: str) -> bool:
        """Whether it was not there before."""
        with self._lock:
            return self._db.execute("INSERT OR IGNORE INTO containers VALUES (?)", (name,)).rowcount > 0

    def has_container(self, name: str) -> bool:
        with self._lock:
            return self._db.execute("SELECT 1 FROM containers WHERE name = ?", (name,)).fetchone() is not None

    def new_file(self) -> Path:
        """Where to write bytes before they become a blob or a block."""
        return self._folder / uuid4().hex

    def put(
        self, container: str, name: str, file: Path, content_type: str, metadata: dict[str, str], absent: bool = False
    ) -> Blob | None:
        """Make a written file the blob's content; nothing is done if it must be absent and is not."""
        blob = Blob(name, file, file.stat().st_size, datetime.now(UTC), content_type, metadata)
        with self._lock:
            before = self.get(container, name)
            if absent and before is not None:
                file.unlink()
                return None
            self._db.execute(
                "INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?)",
                (container, name, file.name, blob.size, blob.modified.isoformat(), content_type, json.dumps(metadata)),
            )
            if before is not None and before.file != file:
                before.file.unlink(missing_ok=True)
        return blob

    def get(self, container: str, name: str) -> Blob | None:
        with self._lock:
            row = self._db.execute(
                "SELECT name, file, size, modified, type, metadata FROM blobs WHERE container = ? AND name = ?",
                (container, name),
            ).fetchone()
        return self._blob(row) if row else None

    def list(self, container: str, prefix: str, after: str, limit: int) -> list[Blob]:
        """In the order of their names, beginning behind `after`."""
        with self._lock:
            rows = self._db.execute(
                "SELECT name, file, size, modified, type, metadata FROM blobs WHERE container = ? AND name > ?"
                " AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
                (container, after, len(prefix), prefix, limit),
            ).fetchall()
        return [self._blob(row) for row in rows]

    def set_metadata(self, container: str, name: str, metadata: dict[str, str]) -> None:
        with self._lock:
            self._db.execute(
                "UPDATE blobs SET metadata = ? WHERE container = ? AND name = ?",
                (json.dumps(metadata), container, name),
            )

    def delete(self, container: str, name: str) -> bool:
        """Whether there was one."""
        with self._lock:
            blob = self.get(container, name)
            self._db.execute("DELETE FROM blobs WHERE container = ? AND name = ?", (container, name))
        if blob is not None:
            blob.file.unlink(missing_ok=True)
        return blob is not None

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _blob(self, row: tuple[str, str, int, str, str, str]) -> Blob:
        name, file, size, modified, content_type, metadata = row
        moment = datetime.fromisoformat(modified)
        return Blob(name, self._folder / file, size, moment, content_type, json.loads(metadata))
