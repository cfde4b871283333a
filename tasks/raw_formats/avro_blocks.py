"""Avro's container: a header, then blocks of records with a marker after each, by which a damaged one is passed over.

https://avro.apache.org/docs/1.12.0/specification/#object-container-files
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from tasks.raw_formats.batch import Unreadable

_HEADER = {
    "type": "record",
    "name": "Header",
    "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "Magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "Sync", "size": 16}},
    ],
}
_MARKER = 16  # bytes
_SEARCHED = 1 << 20  # bytes at a time


@dataclass(frozen=True)
class Header:
    """What stands before the blocks."""

    content: bytes
    fields: tuple[str, ...]  # of a record
    sync: bytes


@dataclass(frozen=True)
class Damage:
    """Bytes that could not be read, and why."""

    start: int
    end: int
    problem: str


def read_header(stream: BinaryIO) -> Header:
    """Unreadable where it is no Avro header, or of a codec that we lack."""
    import fastavro

    try:
        header: Any = fastavro.schemaless_reader(stream, _HEADER, None)
        schema = json.loads(header["meta"]["avro.schema"])
        names = tuple(str(field["name"]) for field in schema["fields"])
    except Exception as error:  # the parser raises many kinds on rubbish
        raise Unreadable(f"its Avro header cannot be read: {type(error).__name__}: {str(error)[:200]}") from None
    codec = header["meta"].get("avro.codec", b"null").decode("utf-8", "replace")
    if codec not in fastavro.read.BLOCK_READERS:
        raise Unreadable(f"its Avro codec is {codec}, which is not read")
    end = stream.tell()
    stream.seek(0)
    return Header(stream.read(end), names, header["sync"])


def read_blocks(stream: BinaryIO, header: Header) -> Iterator[list[Any] | Damage]:
    """The records of each block from here on; Damage where there should have been one, then the next."""
    here = stream.tell()
    size = stream.seek(0, os.SEEK_END)
    while here < size:
        stream.seek(here)
        try:
            records = _records(header, _framed(stream, header, size))
        except Exception as error:  # so does a damaged block
            here, start = _after_next_marker(stream, here, size, header.sync), here
            yield Damage(start, here, f"{type(error).__name__}: {str(error)[:200]}")
            continue
        here = stream.tell()
        yield records


def _framed(stream: BinaryIO, header: Header, size: int) -> bytes:
    """One block with its count and length before it and the marker behind it."""
    start = stream.tell()
    count, length = _integer(stream), _integer(stream)
    body = stream.tell()
    if count < 0 or length < 0:
        raise Unreadable("the block has a negative length")
    if body + length + _MARKER > size:
        raise Unreadable("the file ends within the block")
    stream.seek(body + length)
    if stream.read(_MARKER) != header.sync:
        raise Unreadable("no marker follows the block")
    stream.seek(start)
    return stream.read(body - start + length + _MARKER)


def _records(header: Header, block: bytes) -> list[Any]:
    import fastavro

    return list(fastavro.reader(io.BytesIO(header.content + block)))


def _integer(stream: BinaryIO) -> int:
    """Avro's long: seven bits a byte, the lowest first, zigzag."""
    value, shift = 0, 0
    while shift < 64:
        byte = stream.read(1)
        if not byte:
            raise Unreadable("the file ends within the block")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7
    raise Unreadable("the block has no length")


def _after_next_marker(stream: BinaryIO, start: int, size: int, sync: bytes) -> int:
    """Where the next block may begin; the file's end where no marker follows."""
    place = start
    while place < size:
        stream.seek(place)
        found = stream.read(_SEARCHED + _MARKER - 1).find(sync)
        if found >= 0:
            return place + found + _MARKER
        place += _SEARCHED
    return size
