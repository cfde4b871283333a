"""Reports are kept as long as the workload says, and as long as an investigation needs them."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lifecycle.investigation import Closing, Investigation, Slice
from platforms.investigations import Investigations
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.settings import Settings
from tasks.context import Context
from tasks.pictures import prune_reports
from tests.lifecycle.seen import alarm, at, workload


@pytest.fixture(name="blobs")
def _blobs(tmp_path: Path) -> LocalBlobStore:
    """Three reports: of today, and two of 40 days ago."""
    blobs = LocalBlobStore(tmp_path)
    for name, days in (("new", 0), ("old", 40), ("needed", 40)):
        blobs.write(f"reports/toy/{name}.html", b"<html>")
        moment = time.time() - 86400 * days
        os.utime(tmp_path / "reports" / "toy" / f"{name}.html", (moment, moment))
    return blobs


def pruned(blobs: LocalBlobStore, **monitor: object) -> list[str]:
    """The reports that are left."""
    platform = cast(Any, SimpleNamespace(blobs=blobs))
    context = Context(Settings(), platform, workload(**monitor), Path(), Ledger(blobs, "toy"))
    prune_reports.fn(context)
    return [blob.name.removeprefix("reports/toy/").removesuffix(".html") for blob in blobs.list("reports/toy/")]


def test_old_reports_are_deleted_but_those_of_open_investigations(blobs: LocalBlobStore) -> None:
    pinned = Slice(endpoint="toy", start=at(0), end=at(24), model_version=1, dataset_version="d", rows=1)
    report = "reports/toy/needed.html"
    store = Investigations(blobs, "toy")
    store.open(
        Investigation(
            id="1-a", workload="toy", opened_at=at(24), alarms=(alarm(),), slice=pinned, report=report, evidence="e"
        )
    )
    assert pruned(blobs) == ["needed", "new"]
    store.close(Closing(id="1-a", closed_at=at(30), by="Ada", because="done"))
    assert pruned(blobs) == ["new"]


@pytest.mark.parametrize("keep", [None, timedelta(days=60)])
def test_what_the_policy_keeps_stays(blobs: LocalBlobStore, keep: timedelta | None) -> None:
    assert pruned(blobs, keep_reports=keep) == ["needed", "new", "old"]
