"""Counts made in parts are those made at once, to the last digit, and score as the rows do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from monitoring.counts import WindowCounts, count_window
from monitoring.drift import reference_profile, score_columns
from monitoring.errors import SchemaMismatch
from monitoring.grid import CELLS, Grid
from monitoring.profile import Profile
from monitoring.tally import DISTINCT, Tally

COLUMNS = (
    Column(name="number", type="number"),
    Column(name="count", type="integer"),
    Column(name="letter", type="category"),
    Column(name="flag", type="boolean"),
    Column(name="absent", type="number"),
)


def frame(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """A column of each type, with gaps, and an outlier in every other frame."""
    rng = np.random.default_rng(seed)
    number = rng.normal(shift, 1, rows)
    number[rng.random(rows) < 0.1] = np.nan
    number[:1] = [10.0**seed, np.inf, -(10.0 ** (20 * seed))][seed % 3]
    return pd.DataFrame(
        {
            "number": number,
            "count": rng.poisson(2, rows),
            "letter": rng.choice([*"abc", None], rows),
            "flag": rng.random(rows) < 0.3,
            "absent": np.nan,
        }
    )


@pytest.fixture(scope="module")
def profile() -> Profile:
    return reference_profile(frame(6000, seed=0), COLUMNS)


def test_parts_add_up_in_any_order_and_grouping(profile: Profile) -> None:
    window = pd.concat([frame(rows, seed) for seed, rows in enumerate((5000, 1, 800, 0, 3000, 40))], ignore_index=True)
    at_once = count_window(profile, window)
    rows = np.random.default_rng(1).permutation(len(window))
    for size in (200, 900, 5000):
        parts = [count_window(profile, window.iloc[rows[start : start + size]]) for start in range(0, len(rows), size)]
        assert reduce(WindowCounts.__add__, parts) == at_once
        half = len(parts) // 2
        left, right = (reduce(WindowCounts.__add__, some) for some in (parts[half:], parts[:half]))
        assert left + right == right + left == at_once
    stored = WindowCounts.model_validate_json(at_once.model_dump_json())
    assert stored == at_once
    assert score_columns(profile, stored) == score_columns(profile, window)


def test_of_a_stream_one_part_is_held_at_a_time(profile: Profile) -> None:
    alive: list[int] = []

    def stream() -> Iterator[pd.DataFrame]:
        for seed in range(4):
            alive.append(seed)
            yield frame(500, seed)

    parts = [frame(500, seed) for seed in range(4)]
    assert count_window(profile, stream()) == count_window(profile, pd.concat(parts))
    assert alive == [0, 1, 2, 3]


def test_the_decision_is_the_same_from_rows_and_from_counts(profile: Profile) -> None:
    window = frame(2000, seed=4, shift=0.5)
    cells = profile.columns[0].cells
    assert cells is not None
    present = window["number"][np.isfinite(window["number"])].to_numpy()
    expected = np.bincount(cells.place(present), minlength=len(cells.counts))
    counts = count_window(profile, window).columns[0]
    assert (counts.rows, counts.missing) == (2000, 2000 - len(present))
    assert counts.cells == tuple(expected)
    drifted = [drift.column for drift in score_columns(profile, count_window(profile, window)) if drift.drifted]
    assert drifted == ["number"]


def test_no_rows_count_as_none(profile: Profile) -> None:
    nothing = count_window(profile, [])
    assert nothing == count_window(profile, frame(0, seed=1))
    some = count_window(profile, frame(50, seed=1))
    assert nothing + some == some + nothing == some
    assert not any(drift.conclusive or drift.drifted for drift in score_columns(profile, nothing))


def test_counts_of_another_profile_are_refused(profile: Profile) -> None:
    other = reference_profile(frame(6000, seed=9), COLUMNS)
    mine, others = (count_window(known, frame(500, seed=1)) for known in (profile, other))
    with pytest.raises(ValueError, match="different profiles"):
        mine + others
    with pytest.raises(ValueError, match="another profile"):
        score_columns(profile, others)
    with pytest.raises(SchemaMismatch, match="lacks the column flag"):
        count_window(profile, [frame(10, seed=1), frame(10, seed=1).drop(columns="flag")])


@pytest.mark.parametrize("outlier", [0.0, 1e10, 1e308])
@pytest.mark.parametrize("scale", [1e-318, 1e-3, 1.0, 1e200])
def test_a_grid_follows_from_the_values_alone(scale: float, outlier: float) -> None:
    values = np.random.default_rng(2).standard_t(3, 30_000) * scale
    values[:2] = outlier, -outlier
    at_once = Grid.of_sorted(np.sort(values))
    parts = [Grid.of_sorted(np.sort(part)) for part in np.array_split(values, 9)]
    assert reduce(Grid.__add__, parts) == reduce(Grid.__add__, parts[::-1]) == at_once
    assert len(at_once.cells) <= CELLS
    points, upto = at_once.below()
    assert np.array_equal(upto, [(values <= point).sum() for point in points])


def test_a_tally_of_too_many_values_stays_one() -> None:
    many = Tally.of((f"v{place}", 1) for place in range(DISTINCT))
    assert many.pairs is not None
    one_more = many + Tally.of([("another", 2)])
    assert one_more.pairs is None
    assert one_more + many == many + one_more == one_more


@pytest.mark.parametrize(
    "values",
    [
        ["a", "a ", 1, 1.0, True, None, "NA", [1]],
        ["x", "x ", "1.0", "1", "nan", None],
        pd.Categorical(["u", "v", None, "u"]),
        [1.0, 1.5, np.nan, -0.0, 0.0],
    ],
)
def test_categories_are_counted_as_they_are_read(values: list[object]) -> None:
    from monitoring.coercion import to_categories
    from monitoring.values import category_counts

    column = pd.Series(values)
    assert category_counts(column, "category") == to_categories(column).value_counts().to_dict()
