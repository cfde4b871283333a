"""What a season in the reference does to the threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from monitoring.calibration import Dispersion, dispersed
from monitoring.drift import reference_profile, score_columns

COLUMNS = [Column(name="x", type="number")]
DAY = 1000  # rows
YEAR = 300_000


def days(count: int, seed: int, start: int = 0) -> pd.DataFrame:
    """Every seventh day lies a standard deviation higher."""
    day = np.repeat(np.arange(start, start + count), DAY)
    return pd.DataFrame({"x": np.random.default_rng(seed).normal(day % 7 == 6, 1)})


def wave(rows: int, seed: int, start: int = 0) -> pd.DataFrame:
    """Half a standard deviation up and down in a year."""
    moments = start + np.arange(rows)
    return pd.DataFrame({"x": np.random.default_rng(seed).normal(0.5 * np.sin(2 * np.pi * moments / YEAR), 1)})


def test_the_one_day_of_the_week_that_is_unlike_the_others_is_no_drift() -> None:
    known = reference_profile(days(56, seed=0), COLUMNS)
    drifts = [score_columns(known, days(1, seed=1 + day, start=day))[0] for day in range(14)]
    assert [drift.score is not None and drift.score > 0.7 for drift in drifts].count(True) == 2
    assert not any(drift.drifted for drift in drifts)
    assert score_columns(known, days(1, seed=99, start=6) + 1)[0].drifted


def test_wide_windows_of_a_long_season_are_no_drift() -> None:
    known = reference_profile(wave(YEAR, seed=0), COLUMNS)
    rows = YEAR // 8
    windows = [wave(rows, seed=1 + part, start=part * rows) for part in range(8)]
    scores = [score_columns(known, window)[0] for window in windows]
    assert max(drift.score or 0.0 for drift in scores) > 0.4
    assert not any(drift.drifted for drift in scores)
    assert score_columns(known, windows[1] + 1)[0].drifted


def test_independent_rows_widen_nothing() -> None:
    """Of 20 columns by 4 widths, chance may call a few clustered."""
    rng = np.random.default_rng(0)
    names = [f"x{place}" for place in range(20)]
    frame = pd.DataFrame(rng.normal(size=(10_000, 20)), columns=names)
    known = reference_profile(frame, [Column(name=name, type="number") for name in names])
    ratios = [width.ratio for column in known.columns for width in column.dispersion]
    assert len(ratios) == 20 * 4
    assert sum(ratio > 1 for ratio in ratios) <= 6
    assert max(ratios) < 1.5


def test_the_farthest_window_of_no_more_rows_counts() -> None:
    measured = (Dispersion(rows=300, ratio=2, farthest=0.9), Dispersion(rows=600, ratio=4, farthest=0.3))
    assert dispersed(0.1, (), 500) == 0.1
    assert dispersed(0.1, measured, 599) == 0.9
    assert dispersed(0.1, measured, 600) == 0.1 * 4
    assert dispersed(0.01, measured, 10_000) == 0.3
