"""CSV, line by line: a header, then rows; what breaks one row does not break the next."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from tasks.raw_formats.batch import Batch, Gatherer, Unreadable


def read_csv(stream: BinaryIO) -> Iterator[Batch]:
    """Every value as text. A short row lacks its last values; one with more values than the header is broken.

    Unreadable where the header is none. RFC 4180, with commas; UTF-8, with or without a byte order mark.
    """
    lines = _Lines(stream)
    reader = csv.reader(lines, strict=True)
    header = _header(reader)
    lines.seen.clear()
    gatherer = Gatherer("line", header)
    yield from gatherer.with_the_rest(_rows(reader, header, lines, gatherer))


def _rows(reader: Iterator[list[str]], header: list[str], lines: _Lines, gatherer: Gatherer) -> Iterator[Batch]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield from gatherer.add_broken(lines.place, "".join(lines.seen), f"the line is no CSV: {error}")
            lines.seen.clear()
            continue
        problem = _problem(row, header, lines)
        if problem:
            yield from gatherer.add_broken(lines.place, "".join(lines.seen), problem)
        elif row:
            yield from gatherer.add(_fitted(row, header), lines.first)
        lines.seen.clear()


class _Lines:
    """The file's lines, and those since the last row: a quoted value may span several."""

    def __init__(self, stream: BinaryIO) -> None:
        # What is no UTF-8 becomes a surrogate, which can be found again: it breaks its row, not the file.
        self._text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        self.read = 0
        self.seen: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.read += 1
        self.seen.append(line)
        return line

    @property
    def first(self) -> int:
        return self.read - len(self.seen) + 1

    @property
    def place(self) -> str:
        return f"line {self.read}" if len(self.seen) < 2 else f"lines {self.first} to {self.read}"

    @property
    def damaged(self) -> bool:
        return any(not line.isascii() and _is_damaged(line) for line in self.seen)


def _is_damaged(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        names = next((row for row in reader if row), [])
    except csv.Error as error:
        raise Unreadable(f"its header is no CSV: {error}") from None
    if any(_is_damaged(name) or "\0" in name for name in names):
        raise Unreadable("its header is no UTF-8 text")
    if not names:
        raise Unreadable("it holds no rows")
    named = [name or f"Unnamed: {place}" for place, name in enumerate(names)]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise Unreadable(f"its header names {', '.join(twice)} more than once")
    return named


def _problem(row: list[str], header: list[str], lines: _Lines) -> str:
    if lines.damaged:
        return "the line is no UTF-8 text"
    if any(row[len(header) :]):
        return f"the line has {len(row)} values, the header {len(header)} names"
    return ""


def _fitted(row: list[str], header: list[str]) -> list[str | None]:
    """As long as the header: commas at the end of a line say nothing, and what is not there is missing."""
    if len(row) == len(header):
        return list(row)
    return [*row[: len(header)], *[None] * (len(header) - len(row))]
