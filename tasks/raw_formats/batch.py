"""What every format's reader gives: rows as they came, where each stood, and what could not be made a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

BATCH_ROWS = 50_000  # of every format alike, since a schema is inferred from the first batch
LONGEST_TEXT = 1 << 20  # characters of a line, or bytes of an event, that are kept to be looked at


class Unreadable(ValueError):
    """Why a file, or what is left of it, cannot be read; in words for people."""


@dataclass(frozen=True)
class Broken:
    """A piece of a file that is no row: where it stood, what it said, what is wrong with it."""

    place: str
    text: str
    problem: str


@dataclass
class Batch:
    """At most BATCH_ROWS rows of one file; only the last batch of a file holds fewer, unless pieces were broken."""

    frame: pd.DataFrame  # index 0, 1, 2, ...; text, numbers, None; a truth value as the text True or False
    numbers: Sequence[int]  # where each row stands in its file
    unit: str  # what is counted: line, row, event
    broken: list[Broken] = field(default_factory=list)
    observed: Sequence[datetime | None] | None = None  # when each row came to be, UTC, where the format tells
    absent_is_missing: bool = False  # a record may leave out what it has no value for

    def place(self, row: int) -> str:
        """Where the row stands, in words."""
        return f"{self.unit} {self.numbers[row]}"


class Gatherer:
    """Collects rows until they make a batch."""

    def __init__(self, unit: str, header: list[str] | None = None) -> None:
        self._unit = unit
        self._header = header  # none: rows are mappings
        self._clear()

    def add(self, row: Any, number: int, observed: datetime | None = None) -> Iterator[Batch]:
        """One more row; yields a batch where it filled one."""
        self._rows.append(row)
        self._numbers.append(number)
        self._observed.append(observed)
        if len(self._rows) >= BATCH_ROWS:
            yield self._take()

    def add_broken(self, place: str, text: str, problem: str) -> Iterator[Batch]:
        """One more piece that is no row."""
        self._broken.append(Broken(place, text[:LONGEST_TEXT], problem))
        if len(self._broken) >= BATCH_ROWS:
            yield self._take()

    def with_the_rest(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The batches, then what was collected since, even where reading ends in an error."""
        try:
            yield from batches
        except Exception:
            yield from self._rest()
            raise
        yield from self._rest()

    def _rest(self) -> Iterator[Batch]:
        if self._rows or self._broken:
            yield self._take()

    def _take(self) -> Batch:
        records = self._header is None
        names = None if self._header is None else pd.Index(self._header)
        # dtype object: a whole number beside a missing one stays a whole number.
        frame = pd.DataFrame(self._rows, columns=names, dtype=object)
        if records:
            frame = frame.map(_truth_as_text)
        batch = Batch(frame, self._numbers, self._unit, self._broken, self._observed, records)
        self._clear()
        return batch

    def _clear(self) -> None:
        self._rows: list[Any] = []
        self._numbers: list[int] = []
        self._observed: list[datetime | None] = []
        self._broken: list[Broken] = []


def _truth_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, bool) else value
