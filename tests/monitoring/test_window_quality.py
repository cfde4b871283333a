"""Broken data is told apart from drift, and calibrated on what the reference itself holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from lifecycle.findings import Finding
from monitoring.arrivals import judge_freshness, judge_volume, longest_silence
from monitoring.errors import SchemaMismatch
from monitoring.tails import exceeded_with
from monitoring.window_quality import QualityReference, quality_findings, quality_reference

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

COLUMNS = (
    Column(name="age", type="integer", minimum=0, maximum=120),
    Column(name="place", type="category"),
    Column(name="weight", type="number", missing_allowed=True),
)


def frame(rows: int, seed: int, bad: float = 0.02) -> pd.DataFrame:
    """Ages of which the share `bad` is impossible."""
    rng = np.random.default_rng(seed)
    age = np.where(rng.random(rows) < bad, 999, rng.integers(0, 100, rows))
    return pd.DataFrame({"age": age, "place": rng.choice(["a", "b"], rows), "weight": rng.normal(80, 10, rows)})


@pytest.fixture(scope="module")
def reference() -> QualityReference:
    return quality_reference(frame(4000, 0), COLUMNS)


def judged(reference: QualityReference, window: pd.DataFrame) -> dict[str, Finding]:
    return {found.subject: found for found in quality_findings(reference, window)}


def test_windows_as_good_as_the_reference_are_silent(reference: QualityReference) -> None:
    alarms = sum(
        any(found.significant for found in quality_findings(reference, frame(500, seed))) for seed in range(1, 201)
    )
    assert alarms <= 4


def test_each_kind_of_broken_data_is_told_by_itself(reference: QualityReference) -> None:
    def told(window: pd.DataFrame) -> list[str]:
        return [found.subject for found in quality_findings(reference, window) if found.significant]

    window = frame(1000, 1)
    assert told(window) == []
    assert told(frame(1000, 1, bad=0.1)) == ["invalid values of age"]
    assert told(window.assign(place=window["place"].where(np.arange(1000) % 10 > 0, "z"))) == [
        "new categories of place"
    ]
    words = window["weight"].astype(object).where(np.arange(1000) % 10 > 0, "heavy")
    assert told(window.assign(weight=words)) == ["invalid values of weight"]
    assert told(window.assign(age=window["age"] + 0.5)) == ["invalid values of age"]
    assert told(window.loc[np.repeat(np.arange(500), 2)]) == ["copied rows"]
    assert told(window.assign(place=window["place"].where(np.arange(1000) % 10 > 0))) == ["missing values of place"]
    assert told(window.assign(place=window["place"].where(np.arange(1000) % 25 > 0))) == [], "within the floor"


def test_no_model_learns_from_what_is_missing_or_invalid_but_from_new_categories_it_must(
    reference: QualityReference,
) -> None:
    unfit = {found.subject for found in quality_findings(reference, frame(1000, 1)) if found.unfit}
    assert unfit == {f"{how} values of {name}" for how in ("missing", "invalid") for name in ("age", "place", "weight")}


def test_broken_rows_that_come_in_batches_widen_the_threshold() -> None:
    batches = frame(6000, 0, bad=0.0)
    for start in range(0, 6000, 2000):
        batches.loc[start : start + 119, "age"] = 999
    alike = batches.sample(frac=1, random_state=0)
    held = {name: quality_reference(rows, COLUMNS) for name, rows in (("batches", batches), ("alike", alike))}
    assert held["batches"].shares[1].bad == held["alike"].shares[1].bad == 360
    window = frame(600, 3, bad=0.0)
    window.loc[:89, "age"] = 999
    subject = "invalid values of age"
    assert judged(held["alike"], window)[subject].significant
    assert not judged(held["batches"], window)[subject].significant


def test_a_large_window_has_no_more_copies_than_a_small_one() -> None:
    columns = [Column(name="n", type="integer")]
    rng = np.random.default_rng(0)
    reference = quality_reference(pd.DataFrame({"n": rng.integers(0, 3000, 3000)}), columns)
    found = judged(reference, pd.DataFrame({"n": rng.integers(0, 3000, 30_000)}))
    assert not found["copied rows"].significant


def test_few_rows_are_inconclusive_and_a_missing_column_is_told(reference: QualityReference) -> None:
    assert not any(found.conclusive for found in quality_findings(reference, frame(299, 0)))
    with pytest.raises(SchemaMismatch, match="place"):
        quality_findings(reference, frame(500, 0).drop(columns="place"))
    assert QualityReference.model_validate_json(reference.model_dump_json()) == reference


USUAL = [1000, 1020, 980, 1010, 990, 1005, 0, 1015, 995]  # one of them an outage


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [(1000, "fine"), (900, "fine"), (700, "significant"), (0, "significant"), (1400, "significant")],
)
def test_a_volume_is_held_against_the_usual_one(rows: int, verdict: str) -> None:
    assert judge_volume(rows, USUAL).verdict == verdict


def test_small_and_few_volumes_say_little() -> None:
    assert judge_volume(0, [2, 1, 3, 2, 2, 1, 4, 2]).verdict == "fine", "of two rows an hour, none is no wonder"
    assert judge_volume(0, USUAL[:7]).verdict == "inconclusive"


def test_poisson_volumes_alarm_seldom() -> None:
    rng = np.random.default_rng(0)
    alarms = sum(judge_volume(int(row[-1]), row[:-1].tolist()).significant for row in rng.poisson(60, (500, 15)))
    assert alarms <= 10


def test_silence_is_longer_than_usual_where_the_gaps_say_so() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    seconds = np.cumsum(np.random.default_rng(0).exponential(60, 2000))
    limit = longest_silence([start + timedelta(seconds=float(second)) for second in seconds])
    assert limit == pytest.approx(60 * np.log(2000 / 0.005), rel=0.2)
    assert judge_freshness(start, start + timedelta(seconds=300), limit).verdict == "fine"
    assert judge_freshness(start, start + timedelta(hours=1), limit).verdict == "significant"
    assert judge_freshness(None, start, limit).verdict == "inconclusive"
    assert judge_freshness(start, start, longest_silence([start] * 5)).verdict == "inconclusive"


def test_a_tail_is_that_of_the_exponential_distribution() -> None:
    values = np.random.default_rng(0).exponential(1, 20_000)
    assert exceeded_with(values, 1e-6, 0.1) == pytest.approx(np.log(1e6), rel=0.05)
    assert exceeded_with(values, 0.5, 0.1) == pytest.approx(np.median(values))
    with pytest.raises(ValueError, match="no values"):
        exceeded_with([], 0.1, 0.1)
