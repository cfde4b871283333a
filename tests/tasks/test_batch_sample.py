"""Which files of a batch are compared on: a few, unchanged, always the same; and nobody who never scored is touched."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lifecycle.batch_default import BatchComparison
from lifecycle.names import scores_prefix
from platforms.local.blobs import LocalBlobStore
from tasks.batch_comparison import copy_files, sample
from tasks.batch_default import start_comparison
from tasks.batch_scoring import Plan
from tasks.context import Context
from tests.tasks.subjects import subject_of, workload_of

PLAN = Plan("daily", 1, "in/", tuple(f"deep/{number}.csv" for number in range(10)))
EARLIER = 1_700_000_000.0


@pytest.fixture(name="context")
def _context(tmp_path: Path) -> Context:
    """A workload that compares on three files, and a batch of ten."""
    context = subject_of(tmp_path, workload_of(release={"batch": {"files": 3}}), None).context
    for file in PLAN.files:
        context.platform.blobs.write(f"in/{file}", file.encode())
    context.platform.blobs.write(f"{scores_prefix('toy', 'daily')}plan.json", b"{}")
    return context


def test_a_few_files_are_drawn_and_stay_drawn(context: Context) -> None:
    comparison = BatchComparison(2, 1, "daily")
    drawn = sample.fn(context, comparison, PLAN)
    assert len(drawn) == 3
    assert set(drawn) < set(PLAN.files)
    context.platform.blobs.delete(f"in/{drawn[0]}")
    assert sample.fn(context, comparison, PLAN) == drawn
    others = {tuple(sample.fn(context, BatchComparison(version, 1, "daily"), PLAN)) for version in range(3, 9)}
    assert len(others) > 1


def test_files_that_changed_since_are_left_out(context: Context) -> None:
    blobs = context.platform.blobs
    assert isinstance(blobs, LocalBlobStore)
    os.utime(blobs.root / scores_prefix("toy", "daily") / "plan.json", (EARLIER, EARLIER))
    os.utime(blobs.root / "in" / PLAN.files[0], (EARLIER, EARLIER))
    assert sample.fn(context, BatchComparison(2, 1, "daily"), PLAN) == [PLAN.files[0]]


def test_files_are_copied_as_they_are(context: Context) -> None:
    copy_files.fn(context, PLAN, PLAN.files[:2], "copies/")
    blobs = context.platform.blobs
    assert [(one.name, blobs.read(one.name)) for one in blobs.list("copies/")] == [
        (f"copies/{file}", file.encode()) for file in PLAN.files[:2]
    ]


def test_nothing_is_asked_where_no_batch_was_ever_completed(context: Context) -> None:
    """The platform of this context has nothing but blobs: whoever asked it for models or endpoints would fail."""
    assert start_comparison(context) is None
    context.platform.blobs.write("batches/toy/version-1.json", json.dumps({"key": "daily"}).encode())
    with pytest.raises(AttributeError):
        start_comparison(context)
