"""What the emulator remembers: JSON documents by workspace, kind and name, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Store:
    """Small documents, written at once and whole; safe to use from several threads."""

    def __init__(self, file: Path) -> None:
        self.lock = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents (position INTEGER PRIMARY KEY, workspace TEXT, kind TEXT, name TEXT,"
            " body TEXT, UNIQUE (workspace, kind, name))"
        )

    def put(self, workspace: str, kind: str, name: str, body: Document) -> None:
        """Write, in the place of what was there under this name."""
        with self.lock:
            self._db.execute(
                "INSERT INTO documents (workspace, kind, name, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (workspace, kind, name) DO UPDATE SET body = excluded.body",
                (workspace, kind, name, json.dumps(body)),
            )

    def get(self, workspace: str, kind: str, name: str) -> Document | None:
        """What stands under a name."""
        with self.lock:
            row = self._db.execute(
                "SELECT body FROM documents WHERE workspace = ? AND kind = ? AND name = ?", (workspace, kind, name)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def list(self, workspace: str, kind: str) -> list[Document]:
        """All of a kind, in the order they were first written."""
        with self.lock:
            rows = self._db.execute(
                "SELECT body FROM documents WHERE workspace = ? AND kind = ? ORDER BY position", (workspace, kind)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def delete(self, workspace: str, kind: str, name: str) -> bool:
        """Forget; whether there was something."""
        with self.lock:
            found = self._db.execute(
                "DELETE FROM documents WHERE workspace = ? AND kind = ? AND name = ?", (workspace, kind, name)
            )
        return found.rowcount > 0

    def close(self) -> None:
        with self.lock:
            self._db.close()
