"""Simulated rollouts, looked at all the time: A/A hardly ever goes back, and what is worse does, soon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from lifecycle.rollout import LiveLimits
from monitoring.live import Latency, Sight, Signal, compare, summed_up
from monitoring.sequential import Counts, band, distance_between, errors_evidence, larger_by

LIMITS = LiveLimits()
STEPS = ((0.10, True), (0.05, False), (0.25, False))  # of the requests; whether they are copies
LOOKS = 10  # a step
Draw = Callable[[np.random.Generator, int], np.ndarray]


def skewed(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Probabilities as a model gives them."""
    return rng.beta(2, 5, rows)


@dataclass
class World:
    """What each version is like: its error rate, and how it draws predictions, losses and latencies."""

    errors: float = 0.005
    predictions: Draw = skewed
    wrong: float = 0.2
    slower: float = 1.0


def simulate(rng: np.random.Generator, champion: World, challenger: World, requests: int = 400) -> list[Signal]:
    """The signals that first said worse, in any look of the rollout, or the last ones. requests: between two looks."""
    rollout: list[Counts] = []
    signals: list[Signal] = []
    for share, copied in STEPS:
        seen: list[list[np.ndarray]] = [[], []]
        took: list[list[np.ndarray]] = [[], []]
        asked = np.zeros(2, int)
        for _ in range(LOOKS):
            mine = rng.binomial(requests, share)
            counts = (requests if copied else requests - mine, mine)
            failed = [rng.binomial(n, world.errors) for n, world in zip(counts, (champion, challenger), strict=True)]
            rollout.append(Counts(counts[0], failed[0], counts[1], failed[1]))
            asked += counts
            for place, world in enumerate((champion, challenger)):
                seen[place].append(world.predictions(rng, counts[place]))
            predictions = (np.concatenate(seen[0]), np.concatenate(seen[1]))
            losses = tuple(rng.random(n) < one.wrong for n, one in zip(asked, (champion, challenger), strict=True))
            for place, world in enumerate((champion, challenger)):
                took[place].append(rng.lognormal(2.5, 1.0, counts[place]) * world.slower)
            latency = tuple(_latency(parts) for parts in took)
            sight = Sight(rollout, (asked[0], asked[1]), latency, predictions, 0.0, losses)  # type: ignore[arg-type]
            signals = compare(sight, LIMITS, len(STEPS))
            if summed_up(signals, (1, 1)).worse:
                return signals
        if summed_up(signals, (1, 1)).worse_by_then:
            return signals
    return signals


def _latency(parts: list[np.ndarray]) -> Latency:
    """Of a step, a minute a look."""
    intervals = {
        datetime(2026, 5, 1, 12, minute, tzinfo=UTC): (len(part), float(np.quantile(part, 0.95)))
        for minute, part in enumerate(parts)
        if len(part)
    }
    whole = np.concatenate(parts)
    return Latency(float(np.quantile(whole, 0.95)), len(whole), intervals)


def gone_back(champion: World, challenger: World, rollouts: int, seed: int, requests: int = 400) -> float:
    """The share of simulated rollouts that go back."""
    rng = np.random.default_rng(seed)
    ends = [simulate(rng, champion, challenger, requests) for _ in range(rollouts)]
    return float(np.mean([any(one.outcome in ("worse", "slow") for one in end) for end in ends]))


def test_the_same_model_is_rolled_back_in_at_most_one_of_a_hundred() -> None:
    """All signals and steps together, thirty looks a rollout."""
    assert gone_back(World(0.05), World(0.05), 200, seed=1, requests=150) <= 0.01


def test_errors_alone_keep_their_level_at_every_look() -> None:
    """Six hundred A/A rollouts of forty looks, at a level that can be seen; the rate goes up and down meanwhile."""
    rng, alpha, false = np.random.default_rng(2), 0.1, 0
    for _ in range(600):
        counts, rate = rng.binomial(50, 0.1, 40), rng.uniform(0.01, 0.2, 40)
        failed = rng.binomial(50 - counts, rate), rng.binomial(counts, rate)
        looks = [Counts(50 - n, a, n, b) for n, a, b in zip(counts, failed[0], failed[1], strict=True)]
        false += errors_evidence(looks) >= 1 / alpha
    assert 0.005 < false / 600 <= alpha, "at most alpha, and not for want of any evidence"


def test_bands_hold_at_all_times() -> None:
    """Two hundred streams, looked at a hundred times each."""
    rng, missed, alpha = np.random.default_rng(3), 0, 0.05
    for _ in range(200):
        values = rng.random(2000)
        looks = range(20, 2001, 20)
        missed += any(_far(np.sort(values[:rows])) > band(rows, alpha) for rows in looks)
    assert missed / 200 <= alpha


def _far(ordered: np.ndarray) -> float:
    """Of an empirical distribution function from the uniform one."""
    steps = np.arange(1, len(ordered) + 1) / len(ordered)
    return float(max((steps - ordered).max(), (ordered - steps + 1 / len(ordered)).max()))


@pytest.mark.parametrize(
    ("challenger", "signal"),
    [
        (World(errors=0.05), "errors"),
        (World(predictions=lambda rng, rows: rng.beta(6, 2, rows)), "predictions"),
        (World(slower=3.0), "latency"),
        (World(slower=6.0), "latency"),
        (World(wrong=0.6), "performance"),
    ],
)
def test_what_is_worse_goes_back(challenger: World, signal: str) -> None:
    """Nineteen of twenty, each by the signal that is meant for it."""
    rng = np.random.default_rng(4)
    ends = [simulate(rng, World(), challenger) for _ in range(40)]
    told = [{one.name for one in end if one.outcome in ("worse", "slow")} for end in ends]
    assert sum(signal in names for names in told) >= 38


def stretches(champion: float, challenger: Sequence[float]) -> tuple[Latency, Latency]:
    """Seconds of thirty requests each, by their percentiles in ms; the step's is the mean's."""
    at = [datetime(2026, 5, 1, 12, 0, second, tzinfo=UTC) for second in range(len(challenger))]
    requests = 30 * len(at)
    return (
        Latency(champion, requests, {start: (30, champion) for start in at}),
        Latency(
            float(np.mean(challenger)), requests, {start: (30, p95) for start, p95 in zip(at, challenger, strict=True)}
        ),
    )


@pytest.mark.parametrize(
    ("challenger", "outcome"),
    [
        ([130.0] * 20, "fine"),
        ([200.0] * 20, "slow"),
        ([200.0] * 7, "unclear"),  # too little of it
        ([400.0] * 20, "worse"),
        ([70.0] * 16 + [900.0] * 4, "unclear"),  # the machine stood still
        ([70.0] * 9 + [400.0] * 11, "slow"),
    ],
)
def test_one_moment_of_the_machine_is_no_slow_model(challenger: list[float], outcome: str) -> None:
    """The champion's percentile is 70 ms, the limit twice that: the step waits, and goes neither on nor back."""
    signals = compare(Sight([], (600, 600), stretches(70.0, challenger)), LIMITS, 1)
    assert next(one.outcome for one in signals if one.name == "latency") == outcome


def test_a_few_hundred_requests_tell_ten_times_the_errors() -> None:
    """5 % against 0.5 %, a quarter of the traffic: in the median after so many of the challenger's requests."""
    rng, needed = np.random.default_rng(5), []
    for _ in range(100):
        looks: list[Counts] = []
        while errors_evidence(looks) < 3 / LIMITS.alpha:
            looks.append(Counts(30, rng.binomial(30, 0.005), 10, rng.binomial(10, 0.05)))
        needed.append(10 * len(looks))
    assert np.median(needed) <= 250
    assert max(needed) <= 1000


def test_fewer_errors_are_no_evidence() -> None:
    rng = np.random.default_rng(6)
    looks = [Counts(100, rng.binomial(100, 0.05), 100, rng.binomial(100, 0.005)) for _ in range(100)]
    assert errors_evidence(looks) <= 1


def test_a_small_difference_is_within_the_margin_and_a_foretold_one_too() -> None:
    """A retrained model is to speak otherwise: as far as it did on the hold-out."""
    rng = np.random.default_rng(7)
    pair = (rng.normal(0, 1, 20_000), rng.normal(1.5, 1, 20_000))
    latency = (Latency(None, 0), Latency(None, 0))

    def outcome(foretold: float) -> str:
        found = compare(Sight([], (9, 9), latency, pair, foretold), LIMITS, 1)
        return next(one.outcome for one in found if one.name == "predictions")

    assert (outcome(0.0), outcome(0.5)) == ("worse", "fine")


def test_nothing_logged_is_unclear_and_no_label_is_not() -> None:
    empty = (np.array([]), np.array([]))
    signals = compare(Sight([], (9, 9), (Latency(None, 0), Latency(None, 0)), empty, 0.0, empty), LIMITS, 1)
    assert {one.name: one.outcome for one in signals} == {
        "errors": "fine",
        "latency": "unclear",
        "predictions": "unclear",
        "performance": "fine",
    }
    assert "predictions" in summed_up(signals, (9, 9)).unclear


def test_losses_count_in_one_direction_only() -> None:
    rng = np.random.default_rng(8)
    better, worse = rng.exponential(1, 5000), rng.exponential(3, 5000)
    assert larger_by(worse, better, 0.01).value < 0.02
    assert larger_by(better, worse, 0.01).low > 0.2
    assert distance_between(worse, better, 0.01).low > 0.2
