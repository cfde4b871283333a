"""A model that falls apart when its inputs are a little worse than usual is stopped; importances say what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifecycle.columns import Column
from tasks.staging_checks.part import Part
from tasks.staging_checks.sensitivity import sensitivity
from tests.tasks.manifests import manifest_of
from tests.tasks.subjects import COLUMNS, Reads, subject_of, workload_of

BRITTLE = Reads(steps=1.0)  # turned around as soon as a value is not one that it knows


def examine(folder: Path, candidate: Any, champion: Any | None = None, **limits: Any) -> Part:
    return sensitivity(subject_of(folder, workload_of(release={"sensitivity": limits}), candidate, champion))


def test_a_brittle_candidate_is_stopped(tmp_path: Path) -> None:
    noise, gaps = examine(tmp_path, BRITTLE, Reads()).checks
    assert not noise.passed
    assert noise.name == "sensitivity of roc_auc to noise"
    assert "of its skill lost; at most 30% may surely be; champion: roc_auc" in noise.seen
    assert gaps.passed
    assert examine(tmp_path, Reads(), BRITTLE).passed


def test_the_first_model_has_only_the_limit(tmp_path: Path) -> None:
    assert not examine(tmp_path, BRITTLE).passed
    assert examine(tmp_path, Reads()).passed
    assert examine(tmp_path, BRITTLE, loss=None).passed


def test_as_brittle_as_the_champion_makes_nothing_worse(tmp_path: Path) -> None:
    assert examine(tmp_path, BRITTLE, BRITTLE).passed


def test_missing_values_cost_and_may_cost_too_much(tmp_path: Path) -> None:
    """Of half of the rows the model knows nothing: about half of what it is better by than chance goes."""
    _, fine = examine(tmp_path, Reads()).checks
    _, gaps = examine(tmp_path, Reads(), missing=0.5).checks
    assert fine.passed
    assert not gaps.passed


def test_columns_that_may_not_lack_values_are_not_asked_for_it(tmp_path: Path) -> None:
    columns = tuple(Column(**{**column.model_dump(), "missing_allowed": False}) for column in COLUMNS)
    manifest = manifest_of("classification", "sick", *columns)
    _, gaps = sensitivity(subject_of(tmp_path, workload_of(), Reads(), manifest=manifest)).checks
    assert (gaps.passed, gaps.applies) == (True, False)


def test_importances_are_seeded_and_put_what_matters_first(tmp_path: Path) -> None:
    part = examine(tmp_path, Reads(), Reads(blur=2.5))
    names = [figure["disturbed by"] for figure in part.figures]
    assert names == ["noise", "missing values", "score shuffled", "region shuffled"]
    score, region = part.figures[2:]
    assert float(score["lost"] or 0) > float(score["lost by the champion"] or 0) > 0.2
    assert region["lost"] == 0
    assert part == examine(tmp_path, Reads(), Reads(blur=2.5))
