"""What two versions said of the same files, row beside row, read from their outputs file by file.

Outputs may be far larger than memory: of each file both versions' lines are read in step, and of the pairs only so
many are kept as there is room for, chosen by their place, so that whoever reads again keeps the same.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pandas as pd

from platforms.ports import BlobStore, NotFound
from tasks.batch_scoring import FileOutcome

KEPT = ("file", "row", "correlation_id", "prediction", "probability")
Row = dict[str, Any]


@dataclass
class Pairs:
    """scored: rows that the version before scored. lost: of these, rows that the new one did not. other: rows under
    another id, whose input is not what it was. The rows kept of both are as long as each other."""

    scored: int = 0
    lost: int = 0
    other: int = 0
    _before: list[Row] = field(default_factory=list)
    _now: list[Row] = field(default_factory=list)

    @property
    def before(self) -> pd.DataFrame:
        return _frame(self._before)

    @property
    def now(self) -> pd.DataFrame:
        return _frame(self._now)

    def add(self, before: Row, now: Row | None, kept: bool) -> None:
        """A row of the version before, and the new one's of the same place."""
        self.scored += 1
        if now is None:
            self.lost += 1
        elif now["correlation_id"] != before["correlation_id"]:
            self.other += 1
        elif kept:
            self._before.append({name: before[name] for name in KEPT if name in before})
            self._now.append({name: now[name] for name in KEPT if name in now})


def read_pairs(blobs: BlobStore, before: str, now: str, files: Sequence[str], share: float) -> Pairs:
    """Of these files, below the prefixes of two jobs' outputs. share: of the pairs that are kept, 0..1."""
    pairs = Pairs()
    for file in files:
        for one, other in _in_step(_rows(blobs, before, file), _rows(blobs, now, file)):
            if one is not None:
                pairs.add(one, other, _falls_below(share, file, one["row"]))
    return pairs


def told_of(blobs: BlobStore, outputs: str, files: Sequence[str]) -> dict[str, FileOutcome]:
    """What became of these files in a job; one that it said nothing of is left out."""
    found = {}
    for file in files:
        try:
            content = json.loads(blobs.read(f"{outputs}told/{file}.json"))
        except NotFound:
            continue
        found[file] = FileOutcome(*(content[name] for name in ("file", "rows", "rejected", "error")))
    return found


def _rows(blobs: BlobStore, outputs: str, file: str) -> Iterator[Row]:
    """The rows that were scored, in their order; none where nothing of the file could be."""
    try:
        with blobs.open(f"{outputs}rows/{file}.jsonl") as stream:
            yield from map(json.loads, _lines(stream))
    except NotFound:
        return


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    return (line for line in stream if line.strip())


def _in_step(before: Iterator[Row], now: Iterator[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Both streams by their rows' numbers, which ascend: None where one of them lacks a row."""
    one, other = next(before, None), next(now, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one["row"] < other["row"]):
            yield one, None
            one = next(before, None)
        elif one is None or other["row"] < one["row"]:
            yield None, other
            other = next(now, None)
        else:
            yield one, other
            one, other = next(before, None), next(now, None)


def _falls_below(share: float, file: str, row: int) -> bool:
    """So many of all rows, the same ones each time."""
    return share >= 1.0 or zlib.crc32(f"{file}:{row}".encode()) < share * 2**32


def _frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=None if rows else list(KEPT))
