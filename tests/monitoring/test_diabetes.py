"""Real patients: silence between two samples of one population, an alarm on another."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.drift_calibration.detectors import Watch
from benchmarks.drift_calibration.watching import CONFIRMED, alarmed
from benchmarks.real_data import measure, split, told
from lifecycle.columns import Column
from monitoring.drift import Profile, reference_profile, score_columns
from monitoring.inference import infer_columns
from monitoring.quality import split_rows

DATA = Path(__file__).parents[3] / "shared" / "data" / "diabetes"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the diabetes data is not beside the project")


@pytest.fixture(scope="module")
def patients() -> tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame]:
    """The columns, those who were trained on and those held out."""
    train, holdout = (pd.read_csv(DATA / name, dtype=str) for name in ("train.csv", "holdout.csv"))
    columns = infer_columns(train, exclude={"PatientID", "Diabetic"})
    return columns, *(split_rows(frame, columns, "Diabetic")[0] for frame in (train, holdout))


@pytest.fixture(scope="module")
def profile(patients: tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame]) -> Profile:
    columns, _, holdout = patients
    return reference_profile(holdout, columns)


def test_real_text_is_typed_and_nobody_is_quarantined(
    patients: tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame],
) -> None:
    columns, train, holdout = patients
    assert (len(train), len(holdout)) == (10_000, 5_000)
    assert [column.name for column in columns if column.type == "number"] == ["BMI", "DiabetesPedigree"]


def test_windows_of_the_same_population_are_silent(
    patients: tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame], profile: Profile
) -> None:
    _, train, _ = patients
    windows = [train.sample(1000, random_state=seed) for seed in range(10)]
    windows += [train.iloc[start : start + 1000] for start in range(0, 10_000, 1000)]
    drifted = [drift.column for window in windows for drift in score_columns(profile, window) if drift.drifted]
    assert drifted == []


def test_older_patients_are_found(
    patients: tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame], profile: Profile
) -> None:
    _, train, _ = patients
    older = train[train["Age"] > 35]
    for seed in range(3):
        found = score_columns(profile, older.sample(1000, random_state=seed))
        drifted = {drift.column for drift in found if drift.drifted}
        assert {"Age", "Pregnancies"} <= drifted


def test_splits_of_the_same_population_raise_no_alarm(
    patients: tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame],
) -> None:
    """A tenth of what `benchmarks.real_data` counts."""
    columns, train, holdout = patients
    watch = Watch(holdout, columns)
    alarms = [alarmed([watch.look(window) for window in split(train, seed)], CONFIRMED) for seed in range(10)]
    assert [len(windows) for windows in alarms] == [10] * 10
    assert not any(subjects for windows in alarms for subjects in windows)


def test_only_older_patients_are_a_finding_and_then_an_alarm(
    patients: tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame],
) -> None:
    columns, train, holdout = patients
    watch, older = Watch(holdout, columns), train[train["Age"] > 35]
    assert {told(watch, older, seed) for seed in range(10)} == {(True, True)}


def test_without_the_data_the_benchmark_says_so(tmp_path: Path) -> None:
    (figure,) = measure(tmp_path)
    assert figure.measured.startswith("not measured")
