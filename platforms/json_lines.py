"""Records that somebody logged as JSON lines: predictions and labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson


def logged_records(content: bytes) -> Iterator[dict[str, Any]]:
    """The records that have a correlation id. A line cut short (a writer killed, a disk full) is passed over."""
    for line in content.splitlines():
        try:
            record = orjson.loads(line)
        except ValueError:
            # It is stricter than Python, which writes NaN, and halves of surrogate pairs.
            try:
                record = json.loads(line)
            except ValueError:
                continue
        if isinstance(record, dict) and isinstance(record.get("correlation_id"), str):
            yield record
