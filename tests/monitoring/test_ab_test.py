"""Simulated A/B tests that are looked at all the time: intervals that hold, arms that are what they should be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from monitoring.ab_test import FEWEST_CALLERS, MISMATCH_ALPHA, Answer, Rows, analyse, mismatch_evidence

Draw = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def converting(rate: float, more: float = 0.0) -> Draw:
    """Callers whose rows come true at a rate, the challenger's callers at another; each at a rate of its own."""

    def draw(rng: np.random.Generator, challenger: np.ndarray) -> np.ndarray:
        mean = np.where(challenger, rate + more, rate)
        return np.clip(rng.beta(mean * 4, (1 - mean) * 4), 0, 1)

    return draw


def skewed(rng: np.random.Generator, challenger: np.ndarray) -> np.ndarray:
    """Losses with a long tail, the same in both arms."""
    return rng.lognormal(0.0, 1.0, len(challenger))


def looks(draw: Draw, rng: np.random.Generator, callers: int, share: float, every: int, binary: bool) -> list[Answer]:
    """The answers at all looks of one test, each caller with one to three rows that come by and by."""
    challenger = rng.random(callers) < share
    own = draw(rng, challenger)
    arrived = np.concatenate([np.arange(callers)] + [rng.integers(0, 2 * callers, callers) for _ in range(2)])
    rows = np.tile(np.arange(callers), 3)
    arrived = np.maximum(arrived, rows)  # nobody comes back before it came
    factors = rng.uniform(0.5, 1.5, len(rows))
    values = (factors - 0.5 < own[rows]).astype(float) if binary else own[rows] * factors
    found = []
    for until in range(every, callers + 1, every):
        there = arrived < until
        one = rows[there]
        found.append(analyse(Rows(one, challenger[one], challenger[one], values[there]), share, "larger"))
    return found


@pytest.mark.parametrize(
    ("draw", "share", "binary"), [(converting(0.2), 0.5, True), (converting(0.05), 0.2, True), (skewed, 0.5, False)]
)
def test_the_interval_holds_the_truth_at_all_looks_together(draw: Draw, share: float, binary: bool) -> None:
    """A/A tests of fifteen looks each; callers come back, and their means move. A difference is told in 1 of 20."""
    rng, tests = np.random.default_rng(11), 120
    ends = [looks(draw, rng, 2000, share, 130, binary) for _ in range(tests)]
    told = sum(any(one.verdict != "not decided yet" for one in found) for found in ends)
    assert told / tests <= 0.05


def test_the_interval_holds_a_difference_that_there_is() -> None:
    rng, tests, truth = np.random.default_rng(12), 120, 0.06
    every = [looks(converting(0.2, truth), rng, 2000, 0.5, 130, True) for _ in range(tests)]
    missed = sum(any(one.low is not None and not one.low <= truth <= one.high for one in found) for found in every)  # type: ignore[operator]
    assert missed / tests <= 0.05


def test_what_is_better_is_found_and_what_is_worse() -> None:
    """Power: 10 points of 20 % are found within 2,000 callers in nine of ten tests."""
    rng, tests = np.random.default_rng(13), 40
    ends = [looks(converting(0.2, 0.10), rng, 2000, 0.5, 1000, True)[-1].verdict for _ in range(tests)]
    assert ends.count("better") / tests >= 0.9
    worse = [looks(converting(0.3, -0.10), rng, 2000, 0.5, 1000, True)[-1].verdict for _ in range(tests)]
    assert worse.count("worse") / tests >= 0.9


def test_a_mismatch_is_told_and_hardly_ever_where_there_is_none() -> None:
    rng, false = np.random.default_rng(14), 0
    for _ in range(1000):
        seen = np.cumsum(rng.binomial(100, 0.5, 40))
        total = 100 * np.arange(1, 41)
        evidence = [mismatch_evidence((int(n - s), int(s)), (0.5, 0.5)) for s, n in zip(seen, total, strict=True)]
        false += max(evidence) >= 100
    assert false / 1000 <= 0.01
    assert mismatch_evidence((2000, 1700), (0.5, 0.5)) > 1 / MISMATCH_ALPHA, "one in seven of its callers is lost"
    assert mismatch_evidence((900, 100), (0.9, 0.1)) < 10
    lost = Rows(np.arange(3700), np.arange(3700) < 1700, np.arange(3700) < 1700, np.arange(3700) < 1700)
    assert analyse(lost, 0.5, "larger").verdict == "assignment broken"
    assert analyse(lost, 0.5, "larger").difference is None


def test_a_caller_counts_once_in_the_arm_it_was_given() -> None:
    """However many rows it has, and whoever answered it."""
    rng = np.random.default_rng(15)
    callers, challenger = np.arange(1000), np.arange(1000) % 2 == 0
    value = np.where(challenger, 1.0, 0.0) + rng.normal(0, 0.1, 1000)
    loud = np.zeros(5000, dtype=int)  # one caller of the challenger's with 5,000 rows more
    rows = Rows(
        np.concatenate([callers, loud]),
        np.concatenate([challenger, np.ones(5000, bool)]),
        np.concatenate([challenger & (callers >= 20), np.ones(5000, bool)]),  # ten were answered by the champion
        np.concatenate([value, np.full(5000, 100.0)]),
    )
    found = analyse(rows, 0.5, "smaller")
    assert (found.challenger.callers, found.champion.callers) == (500, 500)
    assert (found.challenger.elsewhere, found.champion.elsewhere) == (10, 0)
    assert found.difference == pytest.approx(1.2, abs=0.05), "one of 500 that is 100 off"
    assert found.verdict == "worse"
    assert analyse(rows, 0.5, "larger").verdict == "better"


def test_too_few_callers_or_no_labels_tell_nothing() -> None:
    few = np.arange(2 * FEWEST_CALLERS - 2)
    rows = Rows(few, few % 2 == 0, few % 2 == 0, (few % 2).astype(float))
    assert (analyse(rows, 0.5, "larger").verdict, analyse(rows, 0.5, "larger").low) == ("not decided yet", None)
    unlabelled = Rows(few, few % 2 == 0, few % 2 == 0, np.full(len(few), np.nan))
    assert analyse(unlabelled, 0.5, "larger").challenger.mean is None
    nobody = Rows(np.zeros(0), np.zeros(0, bool), np.zeros(0, bool), np.zeros(0))
    assert analyse(nobody, 0.5, "larger").verdict == "not decided yet"
