"""Which stretch of time a run judges: whoever comes again, or beside it, judges the same one under the same key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle.alarms import Span
from lifecycle.tags import PROMOTED_AT
from platforms.ports import RegisteredModel

KEEP_WINDOWS = timedelta(days=180)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def last_tick(due: datetime, every: timedelta) -> datetime:
    """The last moment up to then at which a window of a patrolled workload ends: whole multiples of `every`, UTC."""
    return _EPOCH + (due - _EPOCH) // every * every


def window_key(model_version: int, end: datetime) -> str:
    """Of a window whose end was given: the same for whoever judges it."""
    return f"{model_version}-{end.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def served_since(champion: RegisteredModel) -> datetime | None:
    """When the version was promoted, UTC; None where nobody wrote it down."""
    promoted = champion.tags.get(PROMOTED_AT)
    return datetime.fromisoformat(promoted) if promoted else None


def span_until(champion: RegisteredModel, window: timedelta, end: datetime, key: str) -> Span:
    """The window that ends there, after the champion was promoted; it never begins before that."""
    start, served = end - window, served_since(champion)
    return Span(key=key, start=max(start, served) if served else start, end=end, model_version=champion.version)
