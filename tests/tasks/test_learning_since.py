"""A dataset version leaves out what was before the world changed, where a model can be made of the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from lifecycle.dataset import OBSERVED_AT
from lifecycle.workload import Workload
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.settings import Settings
from tasks.context import Context
from tasks.dataset_content import IDENTITY, SOURCE
from tasks.datasets import read_holdout
from tasks.ingestion import write_version
from tasks.intake import Intake

START = datetime(2026, 5, 1, tzinfo=UTC)
CHANGED = START + timedelta(days=10)


@pytest.fixture(name="context")
def _context(tmp_path: Path) -> Context:
    blobs = LocalBlobStore(tmp_path)
    data = {"raw": "toy/raw/", "label": "sick", "columns": {"age": "number"}}
    workload = Workload.model_validate({"name": "toy", "kind": "classification", "data": data})
    return Context(Settings(), cast(Any, SimpleNamespace(blobs=blobs)), workload, Path(), Ledger(blobs, "toy"))


def taken_in(since: datetime, rows: int, seed: int, sick: int | None = None) -> Intake:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.normal(50, 9, rows), "sick": rng.integers(0, 2, rows) if sick is None else sick})
    times = pd.date_range(since, since + timedelta(days=1), periods=rows)
    return Intake("some", good=frame.assign(**{OBSERVED_AT: times, IDENTITY: "", SOURCE: "some"}), rows=rows)


@pytest.mark.parametrize(
    ("rows", "sick", "kept"), [(300, None, 300), (249, None, 1249), (300, 1, 1300)], ids=["enough", "few", "one class"]
)
def test_rows_from_before_are_left_out_where_the_others_suffice(
    context: Context, rows: int, sick: int | None, kept: int
) -> None:
    columns = (Column(name="age", type="number"),)
    intakes = [taken_in(START, 1000, 0), taken_in(CHANGED, rows, 1, sick)]
    manifest = write_version.fn(context, columns, intakes, CHANGED)
    assert manifest.rows == kept
    assert manifest.since == (CHANGED if kept == rows else None)
    oldest = read_holdout(context, manifest.version).frame[OBSERVED_AT].min()
    assert (oldest >= pd.Timestamp(CHANGED)) == (kept == rows)
    assert write_version.fn(context, columns, intakes, START).since is None, "nothing was left out"
