"""A candidate that is right on average and wrong on one slice is stopped at the gate meant for it."""

from __future__ import annotations

from pathlib import Path

from tasks.evaluation import compare_models
from tasks.fairness_gate import fairness_checks
from tasks.staging_checks.slices import slices
from tests.tasks.subjects import Reads, make_rows, subject_of, workload_of

CHAMPION = Reads(blur=2.5)
SLICED = {"release": {"slices": ["region"]}}


def test_right_on_average_and_wrong_on_one_slice(tmp_path: Path) -> None:
    """It wins on all rows together, no sensitive column is concerned, and yet the island would lose."""
    subject = subject_of(tmp_path, workload_of(**SLICED), Reads(wrong_in="island"), CHAMPION)
    workload, holdout = subject.context.workload, subject.candidate.holdout
    assert compare_models(workload, CHAMPION, subject.candidate.model, holdout).challenger_wins
    assert fairness_checks(workload, CHAMPION, subject.candidate.model, holdout) == []
    part = slices(subject)
    (check,) = part.checks
    assert not check.passed
    assert check.name == "no slice of region loses to the champion"
    assert check.seen.startswith("island would surely lose")
    by_slice = {figure["slice"]: figure for figure in part.figures}
    assert by_slice["island"]["high"] < 0 < by_slice["mainland"]["low"]  # type: ignore[operator]
    assert by_slice["island"]["rows"] == (make_rows().tail(1000)["region"] == "island").sum()


def test_a_better_one_passes_and_small_slices_are_named(tmp_path: Path) -> None:
    part = slices(subject_of(tmp_path, workload_of(**SLICED), Reads(), CHAMPION))
    assert part.passed
    assert "lighthouse is not judged" in part.checks[0].seen
    assert next(figure for figure in part.figures if figure["slice"] == "lighthouse")["not judged"]


def test_a_slice_as_good_as_the_champions_is_no_loss(tmp_path: Path) -> None:
    assert slices(subject_of(tmp_path, workload_of(**SLICED), CHAMPION, CHAMPION)).passed


def test_many_slices_are_judged_together(tmp_path: Path) -> None:
    """Slices made at random, of two models that are as good as one another: hardly ever does one surely lose."""
    lost = 0
    for seed in range(8):
        rows = make_rows(seed=seed)
        rows["region"] = [f"r{number % 15}" for number in range(len(rows))]
        part = slices(subject_of(tmp_path, workload_of(**SLICED), CHAMPION, Reads(blur=-2.5), rows=rows))
        lost += not part.passed
    assert lost <= 1


def test_the_sensitive_columns_are_the_default(tmp_path: Path) -> None:
    workload = workload_of(data={"sensitive": ["region"]})
    assert not slices(subject_of(tmp_path, workload, Reads(wrong_in="island"), CHAMPION)).passed


def test_what_does_not_apply_is_told(tmp_path: Path) -> None:
    (without,) = slices(subject_of(tmp_path, workload_of(), Reads(), CHAMPION)).checks
    (first,) = slices(subject_of(tmp_path, workload_of(**SLICED), Reads())).checks
    assert (without.passed, without.applies, first.passed, first.applies) == (True, False, True, False)
    assert without.as_row()["passed"] == "does not apply"
    assert "no champion" in first.seen


def test_a_named_column_that_cannot_be_judged_fails(tmp_path: Path) -> None:
    """By default it does not apply; what the workload asks for by name is a gate."""
    few = make_rows(40)
    named = slices(subject_of(tmp_path, workload_of(**SLICED), Reads(), CHAMPION, rows=few))
    unnamed = slices(subject_of(tmp_path, workload_of(data={"sensitive": ["region"]}), Reads(), CHAMPION, rows=few))
    absent = slices(subject_of(tmp_path, workload_of(release={"slices": ["county"]}), Reads(), CHAMPION))
    assert not named.passed
    assert (unnamed.passed, unnamed.checks[0].applies) == (True, False)
    assert absent.checks[0].seen == "the data have no column county"
