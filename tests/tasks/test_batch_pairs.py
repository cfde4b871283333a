"""Both versions' outputs, read in step: what is a pair, what is lost, and how much of it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from platforms.local.blobs import LocalBlobStore
from tasks.batch_pairs import read_pairs, told_of

BEFORE, NOW = "scores/toy/old/", "scores/toy/new/"


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"correlation_id": f"id-{number}", "file": "deep/a.csv", "row": number, "prediction": number, **more}


@pytest.fixture(name="blobs")
def _blobs(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path)


def put(blobs: LocalBlobStore, prefix: str, rows: list[dict[str, Any]], file: str = "deep/a.csv") -> None:
    content = "".join(json.dumps(one) + "\n" for one in rows)
    blobs.write(f"{prefix}rows/{file}.jsonl", content.encode())


def test_rows_are_paired_by_their_place(blobs: LocalBlobStore) -> None:
    put(blobs, BEFORE, [row(0), row(1), row(3), row(4), row(6)])
    put(blobs, NOW, [row(1, prediction=10), row(2), row(3, correlation_id="changed"), row(6)])
    pairs = read_pairs(blobs, BEFORE, NOW, ["deep/a.csv"], 1.0)
    assert (pairs.scored, pairs.lost, pairs.other) == (5, 2, 1)
    assert pairs.before["row"].tolist() == pairs.now["row"].tolist() == [1, 6]
    assert pairs.now["prediction"].tolist() == [10, 6]


def test_a_file_that_only_one_scored_has_no_pairs(blobs: LocalBlobStore) -> None:
    put(blobs, BEFORE, [row(0), row(1)])
    pairs = read_pairs(blobs, BEFORE, NOW, ["deep/a.csv"], 1.0)
    assert (pairs.scored, pairs.lost, len(pairs.before)) == (2, 2, 0)
    assert read_pairs(blobs, NOW, BEFORE, ["deep/a.csv"], 1.0).scored == 0


def test_only_a_share_is_kept_and_always_the_same(blobs: LocalBlobStore) -> None:
    rows = [row(number) for number in range(4000)]
    put(blobs, BEFORE, rows)
    put(blobs, NOW, rows)
    first, again = (read_pairs(blobs, BEFORE, NOW, ["deep/a.csv"], 0.25) for _ in range(2))
    assert first.scored == 4000
    assert 900 < len(first.before) < 1100
    assert first.before["row"].tolist() == again.now["row"].tolist()


def test_what_became_of_files_is_read_as_far_as_it_was_told(blobs: LocalBlobStore) -> None:
    told = {"file": "a.csv", "rows": 3, "rejected": 1, "error": "", "model_version": 2}
    blobs.write(f"{NOW}told/a.csv.json", json.dumps(told).encode())
    found = told_of(blobs, NOW, ["a.csv", "b.csv"])
    assert [(one.file, one.rows, one.rejected) for one in found.values()] == [("a.csv", 3, 1)]
