"""JSON lines: an object a line, which is a row."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from tasks.raw_formats.batch import LONGEST_TEXT, Batch, Gatherer
from tasks.raw_formats.records import parse_json

_LONGEST_LINE = 16 * LONGEST_TEXT  # bytes; a file without line breaks must not fill the memory


def read_json_lines(stream: BinaryIO) -> Iterator[Batch]:
    """Every object a row, values as JSON has them; a line that is none is broken. UTF-8, empty lines passed over."""
    gatherer = Gatherer("line")
    yield from gatherer.with_the_rest(_rows(stream, gatherer))


def _rows(stream: BinaryIO, gatherer: Gatherer) -> Iterator[Batch]:
    for number, line in enumerate(_lines(stream), 1):
        if not line.strip():
            continue
        row, problem = parse_json(line) if len(line) <= _LONGEST_LINE else (None, "is longer than 16 MiB")
        if isinstance(row, dict):
            yield from gatherer.add(row, number)
        else:
            text = line[:LONGEST_TEXT].decode("utf-8", "backslashreplace").rstrip("\r\n")
            yield from gatherer.add_broken(f"line {number}", text, f"the line {problem or 'is no JSON object'}")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Line by line; of a line that is too long, its beginning."""
    first = True
    while line := stream.readline(_LONGEST_LINE + 1):
        more = line
        while len(more) > _LONGEST_LINE and not more.endswith(b"\n"):
            more = stream.readline(_LONGEST_LINE + 1)
        yield line.removeprefix(codecs.BOM_UTF8) if first else line
        first = False
