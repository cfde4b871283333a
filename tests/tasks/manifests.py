"""Dataset versions that were never written, for what only reads what they are."""

from __future__ import annotations

from datetime import UTC, datetime

from lifecycle.columns import Column
from lifecycle.dataset import DatasetManifest
from lifecycle.metrics import Kind


def manifest_of(kind: Kind, label: str, *columns: Column, rows: int = 2000) -> DatasetManifest:
    """All of its rows held out."""
    return DatasetManifest(
        workload="toy",
        version="v",
        kind=kind,
        label=label,
        id=None,
        columns=columns,
        rows=rows,
        train_rows=0,
        holdout_rows=rows,
        raw_rows=rows,
        labelled_rows=0,
        quarantined_rows=0,
        newest=datetime(2026, 1, 1, tzinfo=UTC),
        sources=(),
    )
