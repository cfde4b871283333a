"""The picture shows the verdicts, column by column."""

from __future__ import annotations

import xml.dom.minidom

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from monitoring.drift import ColumnDrift, reference_profile, score_columns
from monitoring.histograms import histogram
from monitoring.picture import drift_picture

COLUMNS = (
    Column(name="a<b>&\x00", type="number"),
    Column(name="count", type="integer"),
    Column(name="letter", type="category"),
    Column(name="gone", type="number"),
)


def frame(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "a<b>&\x00": rng.normal(shift, 1, rows),
            "count": rng.poisson(3, rows),
            "letter": rng.choice([f"l{place}" for place in range(20)], rows),
            "gone": np.full(rows, 1.0 if seed == 0 else np.nan),
        }
    )


@pytest.fixture(scope="module")
def drifts() -> list[ColumnDrift]:
    return score_columns(reference_profile(frame(3000, 0), COLUMNS), frame(1000, 1, shift=1))


def test_the_picture_shows_every_column_with_score_and_threshold(drifts: list[ColumnDrift]) -> None:
    svg = drift_picture(frame(3000, 0), frame(1000, 1, shift=1), drifts)
    xml.dom.minidom.parseString(svg)  # noqa: S318 - our own
    assert "2 of 4 columns drifted" in svg
    assert "a&lt;b&gt;&amp;" in svg
    assert f"{drifts[0].score:.3f} &gt; {drifts[0].threshold:.3f}" in svg
    assert "missing 100.0%, in the reference 0.0%" in svg
    assert ">rest<" in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(("then", "now"), [(0, 0), (3000, 0), (0, 1000)])
def test_an_empty_side_can_be_drawn(then: int, now: int, drifts: list[ColumnDrift]) -> None:
    svg = drift_picture(frame(then, 0), frame(now, 1), drifts)
    xml.dom.minidom.parseString(svg)  # noqa: S318 - our own


def test_a_picture_of_many_columns_stays_an_overview() -> None:
    names = [f"x{place}" for place in range(30)]
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 30)), columns=names)
    profile = reference_profile(data, [Column(name=name, type="number") for name in names])
    svg = drift_picture(data, data, score_columns(profile, data))
    assert "0 of 30 columns drifted; 6 not shown" in svg
    assert svg.count("<g ") == 24


def test_histograms_are_shares_and_keep_outliers_at_the_end() -> None:
    values = pd.Series(np.r_[np.random.default_rng(0).normal(size=999), 1e12])
    found = histogram(values, values, "number")
    assert found is not None
    assert sum(found.reference) == pytest.approx(1)
    assert found.ends is not None
    assert found.ends[1] < 5
    assert histogram(values[:0], values[:0], "number") is None
