"""Resources by their id, in SQLite: they outlive the process."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_TABLE = "CREATE TABLE IF NOT EXISTS resources (id TEXT PRIMARY KEY COLLATE NOCASE, body TEXT NOT NULL) WITHOUT ROWID"


class Store:
    """Bodies as the service would send them. Ids do not mind their case."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(_TABLE)

    def get(self, identity: str) -> dict[str, Any] | None:
        """The resource, or None."""
        row = self._database.execute("SELECT body FROM resources WHERE id = ?", (identity,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, identity: str, kind: str, properties: dict[str, Any], who: str) -> dict[str, Any]:
        """Write the resource with its system data; what it is now."""
        before = self.get(identity)
        now = datetime.now(UTC).isoformat()
        created = {"createdAt": now, "createdBy": who, "createdByType": "Application"}
        system = created if before is None else {key: before["systemData"][key] for key in created}
        body = {
            "id": identity,
            "name": identity.rpartition("/")[2],
            "type": kind,
            "properties": properties,
            "systemData": {**system, "lastModifiedAt": now, "lastModifiedBy": who},
        }
        self._database.execute("INSERT OR REPLACE INTO resources VALUES (?, ?)", (identity, json.dumps(body)))
        return body

    def children(self, parent: str) -> list[dict[str, Any]]:
        """What lies directly under the parent's id, the newest first."""
        prefix = parent.rstrip("/") + "/"
        rows = self._database.execute(
            "SELECT body FROM resources WHERE substr(id, 1, ?) = ? COLLATE NOCASE AND instr(substr(id, ?), '/') = 0",
            (len(prefix), prefix, len(prefix) + 1),
        )
        found = [json.loads(row[0]) for row in rows]
        return sorted(found, key=lambda body: str(body["systemData"]["createdAt"]), reverse=True)
