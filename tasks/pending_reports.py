"""What a report is to be drawn from: noted before, deleted after, so that a run that was killed loses none.

A note is three blobs: the rows to draw, samples of the window and of what it is seen beside as Parquet, and JSON with
all the rest, written last and deleted first. Findings and scores are those that were decided on; nothing is computed
anew when the report is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd
from pydantic import Field

from lifecycle.base import Frozen
from lifecycle.findings import Finding
from lifecycle.names import pending_reports_prefix
from monitoring.drift import ColumnDrift
from platforms.ports import BlobStore, NotFound

_NOTE, _WINDOW, _REFERENCE = ".json", ".parquet", ".reference.parquet"
_BLOBS = (_NOTE, _WINDOW, _REFERENCE)


class PendingReport(Frozen):
    """A report that is to be drawn."""

    key: str
    start: datetime  # of the window, UTC
    end: datetime  # UTC, not in the window
    rows: int = Field(ge=0, description="Predictions in the window")
    labelled: int = Field(ge=0, description="Of them, those whose label has come")
    model_version: int
    run_id: str = Field(description="The model's run, with which the report is kept to be looked at")
    decision: str
    flow_run: str | None = Field(description="The id of the monitor's run, on whose page the report is linked")
    findings: tuple[Finding, ...]
    drift: tuple[dict[str, Any], ...] = Field(description="The fields of each column's ColumnDrift")

    @property
    def drifts(self) -> list[ColumnDrift]:
        return [ColumnDrift(**fields) for fields in self.drift]


class PendingReports:
    """Those of one workload."""

    def __init__(self, blobs: BlobStore, workload: str) -> None:
        self._blobs = blobs
        self._prefix = pending_reports_prefix(workload)

    def note(self, pending: PendingReport, window: pd.DataFrame, reference: pd.DataFrame) -> None:
        """Write it down, or again, with the rows to draw."""
        for ending, rows in ((_WINDOW, window), (_REFERENCE, reference)):
            self._blobs.write(f"{self._prefix}{pending.key}{ending}", bytes(rows.to_parquet(index=False)))
        self._blobs.write(f"{self._prefix}{pending.key}{_NOTE}", pending.model_dump_json().encode())

    def left_before(self, moment: datetime) -> Iterator[str]:
        """The keys of those noted before, whose runs have ended without drawing them."""
        for blob in self._blobs.list(self._prefix):
            if blob.name.endswith(_NOTE) and blob.modified < moment:
                yield blob.name.removeprefix(self._prefix).removesuffix(_NOTE)

    def get(self, key: str) -> tuple[PendingReport, pd.DataFrame, pd.DataFrame] | None:
        """With the rows of window and reference; None where another run has drawn it meanwhile."""
        try:
            note, window, reference = (self._blobs.read(f"{self._prefix}{key}{ending}") for ending in _BLOBS)
        except NotFound:
            return None
        frames = [pd.read_parquet(io.BytesIO(rows)) for rows in (window, reference)]
        return PendingReport.model_validate_json(note), frames[0], frames[1]

    def drawn(self, key: str) -> None:
        """It is done."""
        for ending in _BLOBS:
            self._blobs.delete(f"{self._prefix}{key}{ending}")
