"""A batch scored by two versions: what the new one cannot do, or says otherwise, is told, and stops it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lifecycle.batch_default import BatchLimits
from lifecycle.rollout import LiveLimits
from monitoring.batch_comparison import BatchSight, biggest_changes, compare_batch, verdict_of

ROWS = 2000


def said(probability: np.ndarray) -> pd.DataFrame:
    """What a version of two classes said of the rows."""
    rows = len(probability)
    return pd.DataFrame(
        {
            "file": "a.csv",
            "row": np.arange(rows),
            "correlation_id": [f"id-{number}" for number in range(rows)],
            "prediction": (probability > 0.5).astype(int),
            "probability": probability,
        }
    )


def sight_of(before: np.ndarray, now: np.ndarray, **more: object) -> BatchSight:
    sight = BatchSight(
        files=2, failed=(), scored=len(before), lost=0, other=0, rejected=(0, 0),
        before=said(before), now=said(now), foretold=0.0,
    )  # fmt: skip
    return replace(sight, **more)  # type: ignore[arg-type]


def judged(sight: BatchSight, limits: BatchLimits | None = None) -> tuple[str, str]:
    return verdict_of(compare_batch("classification", sight, limits or BatchLimits(), LiveLimits()))


@pytest.fixture(name="probability")
def _probability() -> np.ndarray:
    return np.random.default_rng(1).random(ROWS)


def test_the_same_answers_are_accepted(probability: np.ndarray) -> None:
    verdict, why = judged(sight_of(probability, probability))
    assert verdict == "accepted"
    assert "0 of 2000 rows have another prediction" in why


def test_another_distribution_is_refused_unless_it_was_foretold(probability: np.ndarray) -> None:
    shifted = probability * 0.4
    verdict, why = judged(sight_of(probability, shifted))
    assert verdict == "refused"
    assert "predictions: distance" in why
    assert judged(sight_of(probability, shifted, foretold=0.6))[0] == "accepted"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"failed": ["b.csv"]}, "1 of 2 files fail that the version before scored, such as b.csv"),
        ({"lost": 40}, "40 of 2000 rows that the version before scored have no answer (2.00%), limit 1.00%"),
    ],
)
def test_what_only_the_new_version_cannot_score_refuses_it(
    probability: np.ndarray, more: dict[str, object], told: str
) -> None:
    verdict, why = judged(sight_of(probability, probability, **more))
    assert verdict == "refused"
    assert told in why


def test_few_rows_lost_are_told_and_tolerated(probability: np.ndarray) -> None:
    verdict, why = judged(sight_of(probability, probability, lost=10))
    assert verdict == "accepted"
    assert "10 of 2000 rows" in why


def test_too_few_pairs_say_nothing(probability: np.ndarray) -> None:
    verdict, why = judged(sight_of(probability[:49], probability[:49], scored=60, other=11))
    assert verdict == "unclear"
    assert "49 rows were scored by both, and 50 are needed" in why
    assert judged(sight_of(probability[:0], probability[:0]))[0] == "unclear"


def test_changed_rows_stop_it_only_where_a_limit_says_so(probability: np.ndarray) -> None:
    now = probability.copy()
    now[:100] = 1 - now[:100]
    assert judged(sight_of(probability, now))[0] == "accepted"
    verdict, why = judged(sight_of(probability, now), BatchLimits(changed=0.01))
    assert verdict == "refused"
    assert "100 of 2000 rows have another prediction (5.00%), limit 1.00%" in why


def test_the_biggest_changes_come_first() -> None:
    before, now = np.full(100, 0.5), np.full(100, 0.5)
    now[7], now[3] = 0.9, 0.6
    rows = biggest_changes("classification", sight_of(before, now))
    assert [(row["row"], row["before"], row["now"]) for row in rows] == [(7, 0.5, 0.9), (3, 0.5, 0.6)]
    assert rows[0]["correlation_id"] == "id-7"


def test_losses_by_labels_stop_it(probability: np.ndarray) -> None:
    right, wrong = np.zeros(3000), np.ones(3000)
    assert judged(sight_of(probability, probability, losses=(right, right)))[0] == "accepted"
    verdict, why = judged(sight_of(probability, probability, losses=(right, wrong)))
    assert (verdict, "performance" in why) == ("refused", True)


def test_numbers_are_compared_by_how_far_apart_they_are() -> None:
    before = said(np.zeros(100)).drop(columns="probability").assign(prediction=np.arange(100.0))
    now = before.assign(prediction=before["prediction"] + np.r_[np.full(10, 2.0), np.zeros(90)])
    sight = replace(sight_of(np.zeros(100), np.zeros(100)), before=before, now=now)
    signals = {one.name: one for one in compare_batch("regression", sight, BatchLimits(), LiveLimits())}
    assert "10 of 100 rows have another prediction (10.00%); they are 0.2 apart in the mean" in signals["changed"].told
    assert len(biggest_changes("regression", sight)) == 10
