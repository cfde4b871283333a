"""Window and reference are told apart where they differ, together or by a column, and not where they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from monitoring.domain import DomainDrift, domain_drift, domain_finding
from monitoring.drift import reference_profile, score_columns
from monitoring.errors import SchemaMismatch

COLUMNS = (
    *(Column(name=f"x{place}", type="number") for place in range(6)),
    Column(name="letter", type="category"),
    Column(name="flag", type="boolean"),
)


def frame(rows: int, seed: int, correlation: float = 0.5, shift: float = 0.0) -> pd.DataFrame:
    """x0 and x1 go together; the shift moves x2; x3 is skewed, x4 has gaps."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 6))
    values[:, 1] = correlation * values[:, 0] + np.sqrt(1 - correlation**2) * values[:, 1]
    values[:, 2] += shift
    values[:, 3] = np.exp(values[:, 3])
    values[rng.random(rows) < 0.2, 4] = np.nan
    data = pd.DataFrame(values, columns=[f"x{place}" for place in range(6)])
    return data.assign(letter=rng.choice(list("abc"), rows), flag=rng.random(rows) < 0.3)


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    return frame(6000, seed=0)


def drifts(reference: pd.DataFrame, windows: int, rows: int = 1000, **changed: float) -> list[DomainDrift]:
    return [domain_drift(reference, frame(rows, 1 + seed, **changed), COLUMNS, seed=seed) for seed in range(windows)]


@pytest.mark.parametrize("rows", [300, 1000])
def test_windows_without_drift_are_over_the_threshold_in_two_of_a_hundred_at_most(
    reference: pd.DataFrame, rows: int
) -> None:
    found = drifts(reference, 40, rows)
    assert sum(drift.drifted for drift in found) <= 1
    assert np.mean([drift.auc for drift in found]) == pytest.approx(0.5, abs=0.01)


def test_a_correlation_that_turned_is_found_though_no_column_moved(reference: pd.DataFrame) -> None:
    found = drifts(reference, 20, correlation=-0.2)
    assert all(drift.drifted for drift in found)
    assert {name for name, _ in found[0].columns[:2]} == {"x0", "x1"}
    profile = reference_profile(reference, COLUMNS)
    assert not any(drift.drifted for drift in score_columns(profile, frame(1000, 1, correlation=-0.2)))


def test_a_shift_of_one_column_is_found_and_laid_to_it(reference: pd.DataFrame) -> None:
    found = drifts(reference, 20, shift=0.4)
    assert sum(drift.drifted for drift in found) >= 19
    assert found[0].columns[0][0] == "x2"
    assert sum(share for _, share in found[0].columns) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("letter", ["a", "b", "new"]),
        ("flag", [True, False]),
        ("x4", [np.nan, np.nan, 0.1]),
        ("x3", [1e9, 0.5, 2.0]),
        ("x5", [-2.0, 2.0]),
    ],
)
def test_every_type_and_gaps_are_seen(reference: pd.DataFrame, name: str, values: list[object]) -> None:
    window = frame(1000, seed=3).assign(**{name: np.resize(np.array(values, dtype=object), 1000)})
    found = domain_drift(reference, window, COLUMNS)
    assert found.drifted
    assert found.columns[0][0] == name


def test_one_outlier_is_no_drift(reference: pd.DataFrame) -> None:
    window = frame(1000, seed=4)
    window.loc[0, ["x0", "x1", "x2"]] = 1e12, -1e300, np.inf
    assert not domain_drift(reference, window, COLUMNS).drifted


def test_a_season_in_the_reference_is_no_drift() -> None:
    columns = [Column(name="x", type="number"), Column(name="y", type="number")]

    def season(rows: int, start: int, seed: int) -> pd.DataFrame:
        wave = 0.5 * np.sin(2 * np.pi * (start + np.arange(rows)) / 2400)
        rng = np.random.default_rng(seed)
        return pd.DataFrame({"x": wave + rng.normal(0, 1, rows), "y": rng.normal(0, 1, rows)})

    ordered = season(9600, 0, seed=0)
    shuffled = ordered.sample(frac=1, random_state=0, ignore_index=True)
    windows = [season(600, start, seed=1 + start) for start in range(0, 4800, 400)]
    alarms = [sum(domain_drift(known, window, columns).drifted for window in windows) for known in (ordered, shuffled)]
    assert alarms[0] == 0
    assert alarms[1] > len(windows) / 2


def test_too_few_rows_are_inconclusive(reference: pd.DataFrame) -> None:
    few = domain_drift(reference, frame(299, seed=1, shift=3), COLUMNS)
    assert (few.auc, few.drifted, few.conclusive) == (None, False, False)
    assert few.reason == "the window holds 299 rows, fewer than 300"
    small = domain_drift(reference[:1199], frame(500, seed=1), COLUMNS)
    assert small.reason == "the reference holds 1199 rows, fewer than 1200"
    assert domain_drift(reference, frame(500, seed=1), []).reason == "there are no columns"
    finding = domain_finding(few)
    assert not finding.conclusive
    assert not finding.significant


def test_the_same_rows_give_the_same_answer_and_a_finding_tells_it(reference: pd.DataFrame) -> None:
    window = frame(700, seed=1, shift=1.0)
    found = domain_drift(reference, window, COLUMNS, seed=3)
    assert domain_drift(reference, window, COLUMNS, seed=3) == found
    finding = domain_finding(found)
    assert finding.significant
    assert finding.message.startswith("the window is told from the reference by x2")
    with pytest.raises(SchemaMismatch, match="lacks the column flag"):
        domain_drift(reference, window.drop(columns="flag"), COLUMNS)
