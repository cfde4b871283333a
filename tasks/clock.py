"""The time by which flows act."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The time of the run, UTC."""
    return datetime.now(UTC)
