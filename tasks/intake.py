"""One source taken in: its rows split, batch by batch, into those that can be used and those put into quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.dataset import OBSERVED_AT
from lifecycle.names import digest, quarantine_prefix
from monitoring.coercion import is_missing, to_categories
from monitoring.errors import SchemaMismatch, UnusableData
from monitoring.lagged import to_unix_seconds
from monitoring.quality import PROBLEM, split_rows
from tasks.context import Context
from tasks.dataset_content import IDENTITY, SOURCE
from tasks.raw_formats.batch import Batch, Unreadable

PLACE = "_place"  # where a row stood in its source, in words
FILE = "_file"  # the source
NUMBER = "_number"  # the same place, as a number
_COPY = "copies a row before it"


@dataclass
class Intake:
    """What came of one source: a raw blob, or the labelled predictions."""

    name: str
    rows: int = 0
    good: pd.DataFrame = field(default_factory=pd.DataFrame)
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)  # why, and of how many rows
    problem: str = ""  # why the source, or the rest of it, could not be used
    passed_over: bool = False  # it is no raw data of ours
    unit: str = "row"  # what NUMBER counts

    @property
    def is_told(self) -> bool:
        """Whether people want to know: a capture file without events is nothing to tell of."""
        return bool(self.rows or self.problem)

    def as_row(self) -> dict[str, object]:
        """For the table on the run's page."""
        told = "; ".join(f"{reason} ({count})" for reason, count in self.reasons.most_common(3))
        return {
            "source": self.name,
            "rows": self.rows,
            "used": len(self.good),
            "quarantined": self.quarantined,
            "what is wrong": "; ".join(part for part in (self.problem, told) if part),
        }


class IntakeOf:
    """Takes in the batches of one source."""

    def __init__(self, context: Context, columns: tuple[Column, ...], name: str, identity: str | None) -> None:
        self._context = context
        self._columns = columns
        self._identity = identity  # the column that says whose a row is
        self._data = context.workload.data
        self._intake = Intake(name)
        self._parts: list[pd.DataFrame] = []
        self._mismatch = ""
        self._seen = np.empty(0, dtype=np.uint64)  # hashes of the rows so far, sorted

    def take(self, batches: Iterable[Batch], modified: datetime | None) -> Intake:
        """Everything that the batches hold. modified: when a row came to be whose format does not tell."""
        intake = self._intake
        try:
            for batch in batches:
                self._take(batch, modified)
        except Unreadable as problem:
            intake.problem = str(problem)
        if self._parts:
            intake.good = pd.concat(self._parts, ignore_index=True)
        elif not intake.problem:
            intake.problem = self._mismatch
        return intake

    def _take(self, batch: Batch, modified: datetime | None) -> None:
        intake, frame = self._intake, batch.frame
        intake.unit = batch.unit
        intake.rows += len(frame) + len(batch.broken)
        good, bad = self._split(batch) if len(frame) else (frame, frame)
        bad = bad.assign(**{PLACE: [batch.place(row) for row in bad.index]})
        if batch.broken:
            cut = [{"line": piece.text, PROBLEM: piece.problem, PLACE: piece.place} for piece in batch.broken]
            bad = pd.concat([bad, pd.DataFrame(cut)], ignore_index=True)
        quarantine(self._context, intake, bad)
        if not len(good):
            return
        good = good.copy()
        known = [None] * len(frame) if batch.observed is None else list(batch.observed)
        observed = pd.Series(np.array(known, dtype=object)[good.index], index=good.index)
        good[OBSERVED_AT] = pd.to_datetime(observed.where(observed.notna(), modified), utc=True)
        good[NUMBER] = np.asarray(batch.numbers)[good.index]
        good[SOURCE] = intake.name
        good[IDENTITY] = self._identities(frame).loc[good.index]
        self._parts.append(good)

    def _split(self, batch: Batch) -> tuple[pd.DataFrame, pd.DataFrame]:
        frame = batch.frame
        if batch.absent_is_missing:
            absent = [one.name for one in self._columns if one.missing_allowed and one.name not in frame]
            frame = frame.assign(**dict.fromkeys(absent))
        kind, forecast = self._context.workload.kind, self._context.workload.forecast
        if forecast is not None and forecast.time in frame:
            frame = frame.assign(**{forecast.time: to_unix_seconds(frame[forecast.time])})
        try:
            good, bad = split_rows(frame, self._columns, self._data.label, kind, whole=False, distinct=False)
        except (SchemaMismatch, UnusableData) as error:
            self._mismatch = str(error)
            return frame.head(0), batch.frame.assign(**{PROBLEM: str(error)})
        if forecast is not None:
            bad = bad.assign(**{forecast.time: batch.frame.loc[bad.index, forecast.time]})  # as it came
        copies = self._copies(batch.frame) & frame.index.isin(good.index)
        if not copies.any():
            return good, bad
        more = frame[copies].assign(**{PROBLEM: _COPY})
        return good[~good.index.isin(more.index)], pd.concat([bad, more]).sort_index()

    def _copies(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows stood before in this source, shape (rows,), bool; none where rows without identity may be alike.

        A hash a row is kept: two rows in 2^64 would be taken for copies.
        """
        if self._data.id is None:
            return np.zeros(len(frame), dtype=bool)
        theirs = frame[[name for name in frame.columns if not str(name).startswith("_")]]
        hashes = pd.Series(pd.util.hash_pandas_object(theirs.astype(str), index=False).to_numpy())
        copies = hashes.duplicated().to_numpy() | np.isin(hashes, self._seen, kind="sort")
        self._seen = np.union1d(self._seen, hashes)
        return copies

    def _identities(self, frame: pd.DataFrame) -> pd.Series:
        """Whose row each is; empty where nobody knows."""
        if self._identity not in frame.columns:
            return pd.Series("", index=frame.index)
        values = frame[self._identity]
        return to_categories(values).where(~is_missing(values), "")


def settle_classes(context: Context, intakes: list[Intake]) -> None:
    """Of all sources together, classes are either whole numbers or texts: what most rows say.

    Each batch had decided for itself, and a small one may hold nothing but a slip.
    """
    label = context.workload.data.label
    parts = [intake for intake in intakes if len(intake.good)]
    if context.workload.kind != "classification" or not parts:
        return
    numbers = [_are_numbers(intake.good[label]) for intake in parts]
    rows = sum(len(whole) for whole in numbers)
    most = sum(int(whole.sum()) for whole in numbers) * 2 > rows
    for intake, whole in zip(parts, numbers, strict=True):
        if most:
            stray = intake.good[~whole]
            intake.good = intake.good[whole].astype({label: "int64"})
            told = f"{label} (the label) is no integer, as the other classes are"
            places = [f"{intake.unit} {number}" for number in stray[NUMBER]]
            ours = [name for name in stray.columns if str(name).startswith("_")]
            quarantine(context, intake, stray.drop(columns=ours).assign(**{PROBLEM: told, PLACE: places}))
        else:
            intake.good[label] = intake.good[label].astype(str)


def _are_numbers(labels: pd.Series) -> pd.Series:
    if labels.dtype != object:
        return pd.Series(True, index=labels.index)
    return labels.map(lambda value: not isinstance(value, str)).astype(bool)


def quarantine(context: Context, intake: Intake, rows: pd.DataFrame) -> None:
    """Under a name made of the content: the same broken rows are kept once, however often they are read."""
    if rows.empty:
        return
    intake.quarantined += len(rows)
    intake.reasons.update(rows[PROBLEM])
    content = rows.assign(**{FILE: intake.name}).to_csv(index=False).encode("utf-8", "backslashreplace")
    base = intake.name.rpartition("/")[2].partition(".")[0].replace(" ", "-") or "raw"
    name = f"{quarantine_prefix(context.name)}{base}-{digest(content)}.csv"
    context.platform.blobs.put_if_absent(name, content)
