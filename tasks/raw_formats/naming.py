"""Which raw files are read, by their names and by how they begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from tasks.raw_formats.batch import Batch, Unreadable

Reader = Callable[[BinaryIO], Iterator[Batch]]

_NAMES = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON lines", "ndjson": "JSON lines", "avro": "Avro"}
_TEXT = frozenset({"CSV", "JSON lines"})  # these may be compressed by gzip: by name, by content or by both
_BEGINNINGS = {b"PAR1": "Parquet", b"Obj\x01": "Avro", b"PK\x03\x04": "a zip archive"}
_GZIP = b"\x1f\x8b"
_WIDE = {b"\xff\xfe", b"\xfe\xff"}

ENDINGS = ", ".join(f".{ending}" for ending in _NAMES) + ", .csv.gz, .jsonl.gz, .ndjson.gz"


def format_of(name: str) -> str | None:
    """The format that the name promises; None for an ending that is not ours."""
    plain = name.lower()
    found = _NAMES.get(plain.removesuffix(".gz").rpartition(".")[2]) if "." in plain else None
    return None if plain.endswith(".gz") and found not in _TEXT else found


def is_marker(path: str, size: int) -> bool:
    """Whether it is bookkeeping of who wrote the data: _SUCCESS, _delta_log/..., .crc files, a folder's own blob.

    path: below the prefix of the raw data.
    """
    *_, last = parts = path.split("/")
    return any(part.startswith(("_", ".")) for part in parts) or (size == 0 and "." not in last)


def is_compressed(beginning: bytes, format_name: str) -> bool:
    """Whether gzip has to be undone. Unreadable where the content begins as another format's does."""
    if beginning.startswith(_GZIP):
        if format_name not in _TEXT:
            raise Unreadable(f"it is compressed by gzip, which only {' and '.join(sorted(_TEXT))} may be")
        return True
    found = _BEGINNINGS.get(beginning[:4])
    if found != format_name and (found is not None or format_name not in _TEXT):
        raise Unreadable(f"its name says {format_name}, its content is {found or 'something else'}")
    if beginning[:2] in _WIDE:
        raise Unreadable("it is UTF-16; write it as UTF-8")
    return False


def reader_of(format_name: str) -> Reader:
    """What reads the format. Imported here: pyarrow and fastavro are slow to import."""
    if format_name == "Parquet":
        from tasks.raw_formats.parquet import read_parquet

        return read_parquet
    if format_name == "Avro":
        from tasks.raw_formats.event_capture import read_capture

        return read_capture
    if format_name == "JSON lines":
        from tasks.raw_formats.json_lines import read_json_lines

        return read_json_lines
    from tasks.raw_formats.comma_separated import read_csv

    return read_csv
