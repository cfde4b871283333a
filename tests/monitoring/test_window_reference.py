"""A window checked against the stored record of a reference: the same verdicts as against the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from monitoring.calibration import chance_distance
from monitoring.drift import drift_findings, reference_profile, score_columns
from monitoring.errors import SchemaMismatch
from monitoring.window_quality import quality_findings, quality_reference
from monitoring.window_reference import WindowReference, check_inputs, window_reference

COLUMNS = (
    Column(name="age", type="number", minimum=0, maximum=120),
    Column(name="visits", type="integer"),
    Column(name="region", type="category"),
    Column(name="smokes", type="boolean", missing_allowed=True),
)


def people(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(50 + shift, 12, rows),
            "visits": rng.poisson(3 + shift / 20, rows),
            "region": rng.choice(["north", "south", "west"], rows, p=[0.5, 0.3, 0.2]),
            "smokes": rng.choice([True, False, None], rows),
        }
    )


@pytest.fixture(name="rows", scope="module")
def _rows() -> pd.DataFrame:
    return people(3000, seed=0)


@pytest.fixture(name="stored", scope="module")
def _stored(rows: pd.DataFrame) -> WindowReference:
    return WindowReference.model_validate_json(window_reference(rows, COLUMNS).model_dump_json())


@pytest.mark.parametrize("size", [200, 600, 1500])
@pytest.mark.parametrize("shift", [0.0, 5.0, 30.0])
def test_the_findings_are_those_against_the_rows(
    rows: pd.DataFrame, stored: WindowReference, size: int, shift: float
) -> None:
    window = people(size, seed=size, shift=shift)
    window.loc[: size // 10, "age"] = 200.0
    drift, found = check_inputs(stored, window, minimum_rows=300)
    whole = score_columns(reference_profile(rows, COLUMNS), window, minimum_rows=300)
    expected = [*drift_findings(whole), *quality_findings(quality_reference(rows, COLUMNS), window, minimum_rows=300)]
    assert found == expected
    assert [one.threshold for one in drift] == [one.threshold for one in whole]
    assert any(one.significant for one in found) == (size >= 300)


def test_no_rows_of_the_reference_are_kept(rows: pd.DataFrame, stored: WindowReference) -> None:
    """Nor what only the classical statistics need, which is most of it."""
    assert len(stored.model_dump_json()) < 12_000 * len(COLUMNS)
    assert len(stored.model_dump_json()) * 4 < len(reference_profile(rows, COLUMNS).model_dump_json())
    assert not any(one.classical for one in check_inputs(stored, people(500, 1), minimum_rows=300)[0])


def test_a_window_without_rows_has_no_findings_and_one_without_a_column_is_refused(stored: WindowReference) -> None:
    assert check_inputs(stored, pd.DataFrame(), minimum_rows=300) == ([], [])
    with pytest.raises(SchemaMismatch, match="lacks the column age"):
        check_inputs(stored, people(500, 1).drop(columns="age"), minimum_rows=300)


@pytest.mark.parametrize("size", [300, 3000, 30_000])
def test_what_chance_does_was_drawn_once_for_windows_of_any_size(stored: WindowReference, size: int) -> None:
    column = stored.profile.columns[0]
    assert column.cells is not None
    assert column.tail is not None
    drawn = [chance_distance(column.cells, size, 0.001, np.random.default_rng(seed)) for seed in range(20)]
    kept = chance_distance(column.cells, size, 0.001, np.random.default_rng(0), column.tail)
    assert kept == pytest.approx(np.mean(drawn), rel=0.1)
