"""What Event Hubs Capture writes: Avro files of events, whose bodies are JSON objects, a row each.

https://learn.microsoft.com/azure/event-hubs/event-hubs-capture-overview
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO

from tasks.raw_formats.avro_blocks import Damage, Header, read_blocks, read_header
from tasks.raw_formats.batch import LONGEST_TEXT, Batch, Gatherer, Unreadable
from tasks.raw_formats.records import parse_json

_TIME = "%m/%d/%Y %I:%M:%S %p"  # such as 8/31/2017 7:12:14 PM


def read_capture(stream: BinaryIO) -> Iterator[Batch]:
    """The JSON object, or each of a list of them, that an event's body holds; places are sequence numbers.

    A capture file without events is normal: one is written for every window in which none came. A damaged block is
    told, and the next one read. Unreadable where the file is no capture.
    """
    header = read_header(stream)
    lacking = [name for name in ("SequenceNumber", "EnqueuedTimeUtc", "Body") if name not in header.fields]
    if lacking:
        raise Unreadable(f"it is Avro, but no capture of events: its records have no {', '.join(lacking)}")
    gatherer = Gatherer("event")
    yield from gatherer.with_the_rest(_events(stream, header, gatherer))


def _events(stream: BinaryIO, header: Header, gatherer: Gatherer) -> Iterator[Batch]:
    for block in read_blocks(stream, header):
        if isinstance(block, Damage):
            place = f"bytes {block.start} to {block.end}"
            yield from gatherer.add_broken(place, "", f"the block of events cannot be read: {block.problem}")
            continue
        for event in block:
            yield from _rows(event, gatherer)


def _rows(event: dict[str, Any], gatherer: Gatherer) -> Iterator[Batch]:
    number, body = int(event["SequenceNumber"]), event["Body"] or b""
    value, problem = parse_json(body) if body else (None, "is empty")
    rows = value if isinstance(value, list) else [value]
    if problem or not all(isinstance(row, dict) for row in rows):
        text = body[:LONGEST_TEXT].decode("utf-8", "backslashreplace")
        yield from gatherer.add_broken(f"event {number}", text, f"the body {problem or 'is no JSON object'}")
        return
    for row in rows:
        yield from gatherer.add(row, number, _enqueued(event["EnqueuedTimeUtc"]))


@lru_cache(maxsize=1024)
def _enqueued(text: str) -> datetime | None:
    """When the hub took the event; None where it is written in no way that we know."""
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
