"""A candidate that was trained on broken data is stopped, however well it does on rows that are broken alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle.names import job_prefix
from tasks.staging import Check
from tasks.staging_checks.part import Part, examined
from tasks.staging_checks.training_data import training_data
from tests.tasks.manifests import manifest_of
from tests.tasks.subjects import COLUMNS, Reads, make_rows, subject_of, workload_of


def examine(folder: Path, rows: pd.DataFrame | None, champion: pd.DataFrame | None = None, **more: Any) -> Part:
    """What the part says of a candidate trained on the rows; more: `raw` and `bad` rows, limits."""
    manifest = manifest_of("classification", "sick", *COLUMNS).model_copy(
        update={"raw_rows": more.pop("raw", 2000), "quarantined_rows": more.pop("bad", 0)}
    )
    workload = workload_of(release={"training_data": more})
    theirs = None if champion is None else Reads()
    subject = subject_of(folder, workload, Reads(), theirs, manifest=manifest, champion_dataset="theirs")
    for version, frame in (("v", rows), ("theirs", champion)):
        if frame is not None:
            name = f"{job_prefix('toy', version)}train.parquet"
            subject.context.platform.blobs.write(name, bytes(frame.to_parquet(index=False)))
    return examined("training data", training_data, subject)


def failed(part: Part) -> list[Check]:
    return [check for check in part.checks if not check.passed]


def with_gaps(share: float) -> pd.DataFrame:
    rows = make_rows(seed=2)
    rows["score"] = rows["score"].mask(np.random.default_rng(0).random(len(rows)) < share)
    return rows


def test_data_like_the_champions_are_fine(tmp_path: Path) -> None:
    part = examine(tmp_path, make_rows(seed=1), make_rows(seed=2), bad=30)
    assert part.passed, failed(part)
    assert {figure["what"] for figure in part.figures} >= {"missing values of score", "new categories of region"}


def test_too_many_rows_in_quarantine(tmp_path: Path) -> None:
    (check,) = failed(examine(tmp_path, make_rows(), bad=500))
    assert (check.name, check.seen) == ("quarantined rows at most 20%", "500 of 2000 raw rows, 25.00%")
    assert examine(tmp_path, make_rows(), bad=500, quarantined=0.3).passed


def test_more_values_missing_than_the_champion_learnt(tmp_path: Path) -> None:
    """A fifth is within the limit of a half: it is the champion's data that show that something broke."""
    assert examine(tmp_path, with_gaps(0.2)).passed
    check = failed(examine(tmp_path, with_gaps(0.2), with_gaps(0.02)))[0]
    assert check.name == "missing values"
    assert check.seen.startswith("more than the champion learnt: missing values of score in 2")
    assert examine(tmp_path, with_gaps(0.2), with_gaps(0.02), than_champion=False).passed
    assert examine(tmp_path, with_gaps(0.2), with_gaps(0.2)).passed


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (with_gaps(0.6), "missing values"),
        (make_rows().assign(score=lambda rows: rows["score"].where(rows.index % 20 > 0, 999.0)), "invalid values"),
    ],
)
def test_the_first_model_is_held_to_the_limits(tmp_path: Path, broken: pd.DataFrame, name: str) -> None:
    (check,) = failed(examine(tmp_path, broken))
    assert check.name == name
    assert "at most" in check.seen


def test_categories_that_the_champion_never_saw(tmp_path: Path) -> None:
    renamed = make_rows().assign(region=lambda rows: rows["region"].str.upper())
    (check,) = failed(examine(tmp_path, renamed, make_rows()))
    assert check.name == "new categories"


def test_rows_that_repeat_themselves(tmp_path: Path) -> None:
    copies = pd.concat([make_rows(100, seed=number) for number in range(20) for _ in range(2)], ignore_index=True)
    (check,) = failed(examine(tmp_path, copies, make_rows()))
    assert check.name == "copied rows"


def test_what_cannot_be_read_fails_with_its_reason(tmp_path: Path) -> None:
    (check,) = failed(examine(tmp_path, None))
    assert "it cannot be evaluated: NotFound: The training rows of dataset version v are gone" in check.seen
