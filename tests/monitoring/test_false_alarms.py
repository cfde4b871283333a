"""Silence without drift and an alarm with it, in counts: a short run of what `benchmarks.drift_calibration` counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift_calibration.cases import Case, Episode
from benchmarks.drift_calibration.detectors import OURS, evidently, findings
from benchmarks.drift_calibration.goals import figures
from benchmarks.drift_calibration.running import Effort, count_one
from benchmarks.drift_calibration.streams import COLUMNS, Stream
from benchmarks.drift_calibration.tally import Tally, counted, wilson
from benchmarks.drift_calibration.watching import AT_ONCE, CONFIRMED, alarmed
from lifecycle.findings import Finding

# Warnings are of others: Evidently divides by zero.
pytestmark = pytest.mark.filterwarnings("ignore")


def by_row(scene: str, repetitions: int, mode: str = "an alarm", seed: int = 0) -> dict[str, Tally]:
    """Our tallies of one reference."""
    effort = Effort(repetitions=repetitions, slow=0, nannyml=False)
    found = count_one(scene, seed, effort)
    return {row: tally for (_, row, who, how), tally in found.items() if (who, how) == (OURS, mode)}


@pytest.mark.parametrize(("scene", "repetitions"), [("independent", 6), ("weekly", 4), ("yearly", 7), ("alike", 3)])
def test_windows_without_drift_raise_no_alarm(scene: str, repetitions: int) -> None:
    (tally,) = by_row(scene, repetitions).values()
    assert tally.trials == 8 * repetitions
    assert tally.hits == 0


def test_shifts_of_a_quarter_of_a_deviation_are_confirmed_in_the_second_window() -> None:
    found = by_row("shifts", 3)
    large = {row: tally for row, tally in found.items() if not row.startswith("0.1 SD")}
    assert len(large) == 9
    assert {(tally.trials, tally.delay) for tally in large.values()} == {(3, 2.0)}
    missed = {row: tally.trials - tally.hits for row, tally in large.items() if tally.hits < tally.trials}
    assert missed == {"0.25 SD in one column": 1}, "of this reference chance clusters one column: see docs/proof.md"


def test_shifts_are_confirmed_in_autocorrelated_rows_too() -> None:
    found = by_row("shifts_alike", 3)
    assert len(found) == 6
    assert all(tally.hits == tally.trials for tally in found.values())


def test_two_hundred_rows_are_never_judged() -> None:
    assert all(tally.hits == 0 for tally in by_row("shifts_200", 10, "a window over its threshold").values())


def test_what_came_or_went_or_is_missing_is_confirmed_and_one_outlier_is_not() -> None:
    found = by_row("forms", 3)
    silent = [row for row, tally in found.items() if tally.hits < tally.trials]
    assert silent == ["no drift, one outlier in each window: false alarms"]
    assert found[silent[0]].hits == 0


def test_concept_drift_is_told_when_its_labels_have_come() -> None:
    found = by_row("concept", 2)
    quiet = found.pop("no drift: false alarms")
    assert (quiet.trials, quiet.hits) == (16, 0)
    sudden = [tally for row, tally in found.items() if row.startswith("sudden")]
    assert [tally.hits for tally in sudden[-2:]] == [2, 2]
    assert sudden[-1].delay == 1.0
    assert all(tally.hits == tally.trials for row, tally in found.items() if not row.startswith("sudden"))


def test_evidently_is_asked_what_its_preset_asks() -> None:
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    rng = np.random.default_rng(0)
    reference, window = Stream().draw(2000, rng), Stream().draw(1000, rng)
    window = window.assign(x2=window["x2"] + 0.3, segment="b")
    numbers = [column.name for column in COLUMNS if column.numeric]
    texts = [column.name for column in COLUMNS if not column.numeric]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    frames = (Dataset.from_pandas(frame, data_definition=definition) for frame in (window, reference))
    told = Report([DataDriftPreset()]).run(*frames).dict()["metrics"]
    count = next(metric["value"]["count"] for metric in told if "DriftedColumnsCount" in metric["config"]["type"])
    asked = evidently(Case(reference, COLUMNS, (Episode("x", [window]),)))
    flagged = [finding.subject for finding in asked["Evidently, any column"][0][0] if finding.significant]
    assert {"x2", "segment"} <= set(flagged)
    assert len(flagged) == count
    assert asked["Evidently, dataset"][0][0][0].significant == (count >= len(COLUMNS) / 2)


def test_a_detection_counts_once_in_time_and_on_what_moved() -> None:
    nothing, right, wrong, whole = frozenset[str](), frozenset({"x"}), frozenset({"y"}), frozenset({"dataset"})
    windows = [None] * 5
    late = Episode("x", windows, onsets=(1,), within=2, moved=right)  # type: ignore[arg-type]
    assert counted(late, [right, nothing, right, right, right], whole) == Tally(1, 1, [2])
    assert counted(late, [right, nothing, wrong, right, right], whole) == Tally(1, 0, [])
    assert counted(late, [nothing, whole, wrong, right, right], whole) == Tally(1, 1, [1])
    quiet = Episode("x", windows)  # type: ignore[arg-type]
    assert counted(quiet, [wrong, nothing, nothing, right, nothing], whole) == Tally(5, 2, [])


def test_an_alarm_is_the_second_finding_of_the_same() -> None:
    def seen(*subjects: str) -> list[Finding]:
        return findings({name: name in subjects for name in "ab"})

    windows = [seen("a"), seen("b"), seen("b"), seen("b"), seen(), seen("b")]
    assert alarmed(windows, CONFIRMED) == [set(), set(), {"b"}, {"b"}, set(), set()]
    assert alarmed(windows, AT_ONCE) == [{"a"}, {"b"}, {"b"}, {"b"}, set(), {"b"}]


def test_the_interval_of_a_count_is_wilsons() -> None:
    """Newcombe 1998, table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_goals_are_told_of_ours_and_figures_of_all() -> None:
    alarm, finding = "an alarm", "a window over its threshold"
    quiet = {
        ("weekly", "days", OURS, alarm): Tally(400, 5),
        ("weekly", "days", OURS, finding): Tally(400, 40),
        ("weekly", "days", "other", alarm): Tally(400, 300),
    }
    ours, other = figures(quiet)
    assert (ours.goal, ours.met, other.goal, other.met) == ("1 in 100", False, "", True)
    assert ours.measured.startswith("5/400")
    shifts = {
        ("shifts", "0.1 SD in one column", OURS, alarm): Tally(100, 1, [2]),
        ("shifts", "0.25 SD in one column", OURS, alarm): Tally(100, 99, [2] * 99),
        ("shifts", "1 SD in one column", OURS, alarm): Tally(100, 100, [2] * 100),
    }
    (found,) = figures(shifts)
    assert found.measured.startswith("199/200")
    assert found.measured.endswith(", 2.0")
    assert found.met
    assert list(figures({("forms", "x", OURS, alarm): Tally(1, 1, [2])})) == []
