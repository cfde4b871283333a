"""Reads files of rows in parts: CSV, Parquet, JSON lines. Copied beside `batch_score.py`; imports nothing of ours."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

PART_ROWS = 2000
Row = dict[str, Any]
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Unreadable(ValueError):
    """The file is no table; the message says where it breaks. Trying again changes nothing."""


def read_parts(file: Path, types: dict[str, str]) -> Iterator[list[Row]]:
    """The file's rows, PART_ROWS at a time and in their order. Unreadable where it breaks, at the latest.

    types: what each of the model's columns is; texts of a CSV file become such values where they can.
    """
    read = _READERS.get(file.suffix.lower())
    if read is None:
        raise Unreadable(f"{file.suffix or 'no ending'} is no format that is known: {', '.join(_READERS)}")
    try:
        yield from read(file, types)
    except (csv.Error, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from None


def _csv(file: Path, types: dict[str, str]) -> Iterator[list[Row]]:
    with file.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream, strict=True)
        names = next(reader, None)
        if names is None:
            raise Unreadable("it is empty")
        makers = [_maker(types.get(name)) for name in names]
        while lines := [line for line in islice(reader, PART_ROWS) if line]:
            uneven = next((line for line in lines if len(line) != len(names)), None)
            if uneven is not None:
                raise Unreadable(f"a line before line {reader.line_num + 1} has {len(uneven)} of {len(names)} values")
            yield [{name: make(text) for name, make, text in zip(names, makers, line, strict=True)} for line in lines]


def _maker(kind: str | None) -> Callable[[str], Any]:
    """From a text to a value of that type; a text that is none stays, so that the schema can tell of it."""
    if kind in ("number", "integer"):
        return _number
    if kind == "boolean":
        return lambda text: _BOOLEANS.get(text.strip().lower(), text) if text else None
    return lambda text: text or None


def _number(text: str) -> float | str | None:
    try:
        return float(text)
    except ValueError:
        return text.strip() or None


def _jsonl(file: Path, _: dict[str, str]) -> Iterator[list[Row]]:
    with file.open(encoding="utf-8") as stream:
        numbered = ((number, line) for number, line in enumerate(stream, 1) if line.strip())
        while part := list(islice(numbered, PART_ROWS)):
            yield [_object(number, line) for number, line in part]


def _object(number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise Unreadable(f"line {number} is no JSON: {error}") from None
    if not isinstance(row, dict):
        raise Unreadable(f"line {number} is no JSON object")
    return row


def _parquet(file: Path, _: dict[str, str]) -> Iterator[list[Row]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(PART_ROWS):
                yield batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise Unreadable(f"it is no whole Parquet file: {error}") from None


_READERS: dict[str, Callable[[Path, dict[str, str]], Iterator[list[Row]]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
}
