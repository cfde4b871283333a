"""Reports: drawn once each, also those of killed runs; kept as long as the workload says or an investigation needs."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from lifecycle.investigation import Closing, Investigation, Slice
from monitoring.drift import drift_findings, reference_profile, score_columns
from platforms.investigations import Investigations
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.ports import NotFound
from platforms.settings import Settings
from tasks.context import Context
from tasks.pending_reports import PendingReport, PendingReports
from tasks.reports import prune_reports
from tests.lifecycle.seen import alarm, at, workload


class Runs:
    """What of `Models` pruning needs: version 1 has a run, and its texts."""

    def __init__(self) -> None:
        self.texts = {f"reports/1-{name}.html" for name in ("new", "old", "needed")}

    def get(self, _: str, version: int) -> Any:
        if version != 1:
            raise NotFound(f"no version {version}")
        return SimpleNamespace(run_id="run-1")

    def delete_text(self, run_id: str, artifact: str) -> bool:
        assert run_id == "run-1"
        self.texts.discard(artifact)
        return True


@pytest.fixture(name="blobs")
def _blobs(tmp_path: Path) -> LocalBlobStore:
    """Three reports: of today, and two of 40 days ago; a note of each age, and a report of a version that is gone."""
    blobs = LocalBlobStore(tmp_path)
    names = {"1-new.html": 0, "1-old.html": 40, "1-needed.html": 40, "1-old.json": 40, "1-needed.json": 40}
    for name, days in {**names, "pending/1-lost.json": 40, "pending/1-young.json": 0, "9-old.html": 40}.items():
        blobs.write(f"reports/toy/{name}", b"<html>")
        moment = time.time() - 86400 * days
        os.utime(tmp_path / "reports" / "toy" / name, (moment, moment))
    return blobs


def pruned(blobs: LocalBlobStore, **monitor: object) -> tuple[list[str], set[str]]:
    """What is left in the store, and with the model's run."""
    runs = Runs()
    platform = cast(Any, SimpleNamespace(blobs=blobs, models=runs))
    context = Context(Settings(), platform, workload(**monitor), Path(), Ledger(blobs, "toy"))
    prune_reports.fn(context)
    names = [blob.name.removeprefix("reports/toy/") for blob in blobs.list("reports/toy/")]
    return names, {text.removeprefix("reports/") for text in runs.texts}


def test_old_reports_are_deleted_but_those_of_open_investigations(blobs: LocalBlobStore) -> None:
    pinned = Slice(endpoint="toy", start=at(0), end=at(24), model_version=1, dataset_version="d", rows=1)
    report = "reports/toy/1-needed.html"
    store = Investigations(blobs, "toy")
    store.open(
        Investigation(
            id="1-a", workload="toy", opened_at=at(24), alarms=(alarm(),), slice=pinned, report=report, evidence="e"
        )
    )
    new = ["1-new.html", "pending/1-young.json"]
    left, copies = pruned(blobs)
    assert left == sorted(["1-needed.html", "1-needed.json", *new])
    assert copies == {"1-new.html", "1-needed.html"}
    store.close(Closing(id="1-a", closed_at=at(30), by="Ada", because="done"))
    assert pruned(blobs) == (new, {"1-new.html", "1-old.html"}), (
        "the old one's copy went with its blob, the time before"
    )


@pytest.mark.parametrize("keep", [None, timedelta(days=60)])
def test_what_the_policy_keeps_stays(blobs: LocalBlobStore, keep: timedelta | None) -> None:
    left, copies = pruned(blobs, keep_reports=keep)
    assert len(left) == 8
    assert len(copies) == 3


def test_a_note_gives_back_what_was_decided_and_the_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    then = pd.DataFrame({"x": rng.normal(size=900), "flag": rng.choice(["true", "false"], 900)})
    now = pd.DataFrame({"x": rng.normal(1, 1, 900), "flag": ["true"] * 899 + [None]})
    columns = [Column(name="x", type="number"), Column(name="flag", type="boolean")]
    drifts = score_columns(reference_profile(then, columns), now)
    note = PendingReport(
        key="1-a", start=at(0), end=at(24), rows=900, labelled=0, model_version=1, run_id="r",
        decision="nothing", flow_run=None, findings=tuple(drift_findings(drifts)),
        drift=tuple(vars(drift) for drift in drifts),
    )  # fmt: skip
    pending = PendingReports(LocalBlobStore(tmp_path), "toy")
    pending.note(note, now, then)
    assert list(pending.left_before(at(0))) == []
    (key,) = pending.left_before(at(24 * 36500))
    found = pending.get(key)
    assert found is not None
    assert found[0].drifts == drifts
    assert found[0].findings == note.findings
    pd.testing.assert_frame_equal(found[1], now)
    pd.testing.assert_frame_equal(found[2], then)
    pending.drawn(key)
    assert pending.get(key) is None
    assert list(LocalBlobStore(tmp_path).list("")) == []
