"""Drift is told where there is some, and silence kept where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from lifecycle.columns import Column
from monitoring.drift import ColumnDrift, Profile, drift_findings, reference_profile, score_columns
from monitoring.errors import SchemaMismatch

# Sockets that other tests left to the garbage collector may be found while one of these runs.
pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

COLUMNS = (
    Column(name="normal", type="number"),
    Column(name="skewed", type="number"),
    Column(name="count", type="integer"),
    Column(name="letter", type="category"),
    Column(name="flag", type="boolean"),
)


def frame(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Independent rows; the shift moves `normal` by so many standard deviations."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "normal": rng.normal(shift, 1, rows),
            "skewed": rng.lognormal(0, 1, rows),
            "count": rng.poisson(2, rows),
            "letter": rng.choice(list("abcd"), rows, p=[0.6, 0.3, 0.09, 0.01]),
            "flag": rng.random(rows) < 0.3,
        }
    )


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    return frame(5000, seed=0)


@pytest.fixture(scope="module")
def profile(reference: pd.DataFrame) -> Profile:
    return reference_profile(reference, COLUMNS)


def by_name(drifts: list[ColumnDrift]) -> dict[str, ColumnDrift]:
    return {drift.column: drift for drift in drifts}


@pytest.mark.parametrize("rows", [300, 1000])
def test_windows_without_drift_alarm_in_two_of_a_hundred_at_most(profile: Profile, rows: int) -> None:
    alarms = sum(any(drift.drifted for drift in score_columns(profile, frame(rows, seed))) for seed in range(1, 201))
    assert alarms <= 4


def test_half_a_standard_deviation_is_found_in_a_thousand_rows(profile: Profile) -> None:
    found = [by_name(score_columns(profile, frame(1000, seed, shift=0.5)))["normal"].drifted for seed in range(1, 101)]
    assert sum(found) >= 99


def test_scores_are_those_of_scipy(profile: Profile, reference: pd.DataFrame) -> None:
    window = frame(2000, seed=5, shift=0.3)
    found = by_name(score_columns(profile, window))
    for name in ("normal", "count"):
        exact = wasserstein_distance(reference[name], window[name]) / reference[name].std()
        assert found[name].score == pytest.approx(exact, rel=0.05)
    for name in ("letter", "flag"):
        shares = [data[name].value_counts(normalize=True).sort_index() for data in (reference, window)]
        assert found[name].score == pytest.approx(float(jensenshannon(*shares)))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("letter", ["a", "b", "c", "new"]),
        ("flag", [True, False]),
        ("count", [0, 9]),
        ("skewed", [5.0, 6.0]),
    ],
)
def test_every_type_drifts(profile: Profile, name: str, values: list[object]) -> None:
    window = frame(1000, seed=3).assign(**{name: np.resize(np.array(values, dtype=object), 1000)})
    drifted = [drift.column for drift in score_columns(profile, window) if drift.drifted]
    assert drifted == [name]


def test_below_the_minimum_nothing_is_fine_and_nothing_alarms(profile: Profile) -> None:
    for drift in score_columns(profile, frame(299, seed=1, shift=3)):
        assert (drift.score, drift.drifted, drift.conclusive) == (None, False, False)
        assert drift.reason == "the window holds 299 values, fewer than 300"
        assert drift.verdict.startswith("inconclusive")


def test_an_empty_window_is_inconclusive(profile: Profile) -> None:
    assert not any(drift.conclusive or drift.drifted for drift in score_columns(profile, frame(0, seed=1)))


def test_a_reference_of_few_rows_or_none_is_inconclusive() -> None:
    for rows in (0, 100):
        small = reference_profile(frame(rows, seed=0), COLUMNS)
        assert not any(drift.conclusive or drift.drifted for drift in score_columns(small, frame(1000, seed=1)))


def test_missing_values_are_judged_apart(profile: Profile) -> None:
    window = frame(1000, seed=2)
    window.loc[:599, "normal"] = np.nan
    found = by_name(score_columns(profile, window))["normal"]
    assert found.missing_rate == pytest.approx(0.6)
    assert (found.values_drifted, found.missing_drifted, found.drifted) == (False, True, True)
    assert found.verdict == "drifted (missing)"


def test_infinite_and_unreadable_values_count_as_missing(profile: Profile) -> None:
    window = frame(1000, seed=2).astype({"normal": object})
    window.loc[:149, "normal"] = np.inf
    window.loc[150:299, "normal"] = "n/a"
    found = by_name(score_columns(profile, window))["normal"]
    assert found.missing_rate == pytest.approx(0.3)
    assert found.missing_drifted
    assert not found.values_drifted


def test_a_column_that_vanished_in_the_window_alarms_by_its_missing_rate(profile: Profile) -> None:
    found = by_name(score_columns(profile, frame(1000, seed=2).assign(normal=np.nan)))["normal"]
    assert found.drifted
    assert not found.conclusive
    finding = drift_findings([found])[0]
    assert (finding.significant, finding.conclusive, finding.score) == (True, True, 1.0)


def test_missing_values_that_the_reference_has_too_are_no_drift() -> None:
    def holey(rows: int, seed: int) -> pd.DataFrame:
        data = frame(rows, seed)
        return data.assign(normal=data["normal"].mask(np.random.default_rng(seed).random(rows) < 0.3))

    holed = reference_profile(holey(3000, 0), COLUMNS)
    assert not any(drift.drifted for drift in score_columns(holed, holey(1000, 1)))


@pytest.mark.parametrize("outlier", [1e4, -1e300, 1e308])
def test_one_outlier_neither_alarms_nor_hides_a_shift(profile: Profile, outlier: float) -> None:
    window = frame(1000, seed=4)
    window.loc[0, "normal"] = outlier
    assert not by_name(score_columns(profile, window))["normal"].drifted
    shifted = frame(1000, seed=4, shift=0.5)
    shifted.loc[0, "normal"] = outlier
    assert by_name(score_columns(profile, shifted))["normal"].drifted


def test_one_outlier_in_the_reference_hides_no_shift() -> None:
    data = frame(3000, seed=0)
    data.loc[0, "normal"] = 1e12
    outlying = reference_profile(data, COLUMNS)
    assert by_name(score_columns(outlying, frame(1000, seed=4, shift=0.5)))["normal"].drifted


@pytest.mark.parametrize("value", [0.0, 5.0, -1e-3])
def test_a_constant_reference_tells_a_change(value: float) -> None:
    columns = [Column(name="x", type="number")]
    constant = reference_profile(pd.DataFrame({"x": np.full(1000, value)}), columns)
    same, other = (score_columns(constant, pd.DataFrame({"x": np.full(500, x)}))[0] for x in (value, value + 2))
    assert (same.score, same.drifted) == (0.0, False)
    assert other.drifted


def test_a_season_in_the_reference_is_no_drift() -> None:
    """A wave of half a standard deviation: windows of a part of it alarm without the reference's order, not with it."""

    def season(rows: int, start: int, seed: int) -> pd.DataFrame:
        wave = 0.5 * np.sin(2 * np.pi * (start + np.arange(rows)) / 2400)
        return pd.DataFrame({"x": wave + np.random.default_rng(seed).normal(0, 1, rows)})

    columns = [Column(name="x", type="number")]
    data = season(9600, 0, seed=0)
    ordered = reference_profile(data, columns)
    shuffled = reference_profile(data.sample(frac=1, random_state=0), columns)
    windows = [season(600, start, seed=1 + start) for start in range(0, 4800, 200)]
    alarms = [
        sum(score_columns(known, window)[0].drifted for window in windows) / len(windows)
        for known in (ordered, shuffled)
    ]
    assert alarms[0] <= 0.05
    assert alarms[1] > 0.5
    assert score_columns(ordered, season(600, 0, seed=9) + 2)[0].drifted


def test_more_columns_do_not_make_more_false_alarms() -> None:
    names = [f"x{place}" for place in range(20)]
    columns = [Column(name=name, type="number") for name in names]

    def draw(rows: int, seed: int) -> pd.DataFrame:
        return pd.DataFrame(np.random.default_rng(seed).normal(size=(rows, 20)), columns=names)

    wide = reference_profile(draw(3000, 0), columns)
    alarms = sum(any(drift.drifted for drift in score_columns(wide, draw(500, seed))) for seed in range(1, 31))
    assert alarms <= 1


def test_a_profile_survives_json_and_holds_no_rows(profile: Profile) -> None:
    text = profile.model_dump_json()
    assert Profile.model_validate_json(text) == profile
    assert len(text) < 20_000 * len(COLUMNS)
    window = frame(700, seed=8)
    assert score_columns(Profile.model_validate_json(text), window) == score_columns(profile, window)


def test_text_from_csv_scores_as_the_typed_values_do(profile: Profile) -> None:
    window = frame(700, seed=8)
    text = score_columns(profile, window.astype(str))
    assert [drift.score for drift in text] == pytest.approx([drift.score for drift in score_columns(profile, window)])


def test_many_categories_share_a_cell() -> None:
    columns = [Column(name="city", type="category")]

    def cities(rows: int, seed: int) -> pd.DataFrame:
        return pd.DataFrame({"city": [f"c{place}" for place in np.random.default_rng(seed).zipf(1.5, rows) % 5000]})

    known = reference_profile(cities(4000, 0), columns)
    assert known.columns[0].cells is not None
    assert len(known.columns[0].cells.counts) == 51
    assert not score_columns(known, cities(1000, 1))[0].drifted
    assert score_columns(known, pd.DataFrame({"city": ["elsewhere"] * 1000}))[0].drifted


def test_a_missing_column_is_named(profile: Profile) -> None:
    with pytest.raises(SchemaMismatch, match="lacks the columns normal, flag"):
        score_columns(profile, frame(500, seed=1).drop(columns=["normal", "flag"]))
    with pytest.raises(SchemaMismatch, match="lacks the column normal"):
        reference_profile(frame(500, seed=1).drop(columns="normal"), COLUMNS)


def test_findings_say_what_was_seen(profile: Profile) -> None:
    findings = drift_findings(score_columns(profile, frame(1000, seed=1, shift=1)))
    assert [finding.subject for finding in findings if finding.significant] == ["normal"]
    assert findings[0].message.startswith("normal drifted: normed Wasserstein distance")
    assert all(finding.conclusive for finding in findings)
    unclear = drift_findings(score_columns(profile, frame(10, seed=1)))
    assert not any(finding.conclusive or finding.significant for finding in unclear)
