"""Challenger and champion, compared while both are asked: signal by signal, at one level for the whole rollout.

The errors' evidence runs through all steps of a rollout. Predictions and losses are compared within a step, since
whoever gets a twentieth of the day's requests in the morning and a quarter at noon has seen another day than the
champion: their share of alpha is split over the steps. Latency has no test but an alarm with a wide margin, twice the
champion's 95th percentile, since no two processes are exactly as fast; and it counts at the end of a step, since a
machine that stands still for a moment is slow, too. For the same reason it counts only where most stretches of the
step show it. Only what is twice as slow as that goes back at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

from lifecycle.rollout import Compared, LiveLimits
from monitoring.sequential import Counts, distance_between, errors_evidence, larger_by

FEWEST_LATENCIES = 100  # that a 95th percentile is of
STRETCH_REQUESTS = 20  # of each version at least, in a stretch of time in which their latencies are compared
FEWEST_STRETCHES = 8  # of fewer, slow ones may be one moment in which the machine stood still
LEAST_SLOWDOWN_MS = 10.0  # what is less is the machine's
AT_ONCE = 2.0  # times the limit
SHARES = 3  # of alpha: errors, predictions, losses

Outcome = Literal["fine", "worse", "slow", "unclear"]


@dataclass(frozen=True)
class Latency:
    """The 95th percentile of one version's answers in the step, in ms, and of how many; None: not known.

    intervals: by their start, requests and percentile of each part of the step.
    """

    p95_ms: float | None
    requests: int
    intervals: Mapping[datetime, tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sight:
    """What was seen of both versions. Pairs are (champion, challenger)."""

    rollout: Sequence[Counts]  # since the rollout began, by intervals of time
    requests: tuple[int, int]  # since the step began
    latency: tuple[Latency, Latency]
    predictions: tuple[Any, Any] | None = None  # of the step, shapes (n,) and (m,); None: not looked at
    foretold: float = 0.0  # how far apart the two versions' predictions of the same held-out rows are, 0..1
    losses: tuple[Any, Any] | None = None  # of labelled predictions of the step; None: not looked at


@dataclass(frozen=True)
class Signal:
    """One line of the table."""

    name: str
    champion: str
    challenger: str
    told: str  # the evidence, in numbers
    outcome: Outcome

    def as_row(self) -> dict[str, str]:
        return {
            "signal": self.name,
            "champion": self.champion,
            "challenger": self.challenger,
            "evidence": self.told,
            "outcome": self.outcome,
        }


def compare(sight: Sight, limits: LiveLimits, steps: int) -> list[Signal]:
    """Each signal that is looked at. steps: how many of the rollout compare predictions and losses."""
    part = limits.alpha / SHARES
    signals = [_errors(sight, part)]
    if limits.slower is not None:
        signals.append(_latency(sight.latency, limits.slower))
    if limits.predictions is not None and sight.predictions is not None:
        signals.append(compare_predictions(sight.predictions, limits.predictions, sight.foretold, part / max(steps, 1)))
    if limits.losses is not None and sight.losses is not None:
        signals.append(compare_losses(sight.losses, limits.losses, part / max(steps, 1)))
    return signals


def summed_up(signals: Sequence[Signal], requests: tuple[int, int]) -> Compared:
    """What the rollout's state machine is told."""
    worse = "; ".join(f"{one.name}: {one.told}" for one in signals if one.outcome == "worse")
    unclear = "; ".join(f"{one.name}: {one.told}" for one in signals if one.outcome == "unclear")
    slow = "; ".join(f"{one.name}: {one.told}" for one in signals if one.outcome == "slow")
    return Compared(min(requests), worse, slow, unclear)


def _errors(sight: Sight, alpha: float) -> Signal:
    evidence, needed = errors_evidence(sight.rollout), 1 / alpha
    champion = _rate(sum(one.champion_errors for one in sight.rollout), sum(one.champion for one in sight.rollout))
    challenger = _rate(
        sum(one.challenger_errors for one in sight.rollout), sum(one.challenger for one in sight.rollout)
    )
    told = f"{challenger} of its requests failed, and {champion} of the champion's: evidence {evidence:.3g}, "
    told += f"{needed:.0f} suffices"
    return Signal("errors", champion, challenger, told, "worse" if evidence >= needed else "fine")


def _latency(latency: tuple[Latency, Latency], slower: float) -> Signal:
    """Slow is what is slow over all of the step, and in most stretches of it, too."""
    one, other = latency
    shown = (_milliseconds(one), _milliseconds(other))
    if one.p95_ms is None or other.p95_ms is None or min(one.requests, other.requests) < FEWEST_LATENCIES:
        return Signal("latency", *shown, f"too few for a percentile: it takes {FEWEST_LATENCIES} of each", "unclear")
    limit = _limit(one.p95_ms, slower)
    told = f"its 95th percentile is {other.p95_ms:.1f} ms, its limit {limit:.1f} ms"
    if other.p95_ms <= limit:
        return Signal("latency", *shown, told, "fine")
    stretches = _stretches(one, other)
    slow = sum(its > _limit(champions, slower) for champions, its in stretches)
    told += f"; in {slow} of {len(stretches)} stretches of the step"
    if len(stretches) < FEWEST_STRETCHES or 2 * slow <= len(stretches):
        return Signal("latency", *shown, f"{told}: it takes most, of {FEWEST_STRETCHES} at least", "unclear")
    return Signal("latency", *shown, told, "worse" if other.p95_ms > AT_ONCE * limit else "slow")


def _limit(champions: float, slower: float) -> float:
    return max(slower * champions, champions + LEAST_SLOWDOWN_MS)


def _stretches(one: Latency, other: Latency) -> list[tuple[float, float]]:
    """The percentiles of both, stretch by stretch: the means of the intervals' own, weighted by requests.

    A stretch is as many intervals as it takes for each to be asked STRETCH_REQUESTS times.
    """
    found: list[tuple[float, float]] = []
    asked, weighed = [0, 0], [0.0, 0.0]
    for start in sorted({*one.intervals, *other.intervals}):
        for place, version in enumerate((one, other)):
            requests, p95 = version.intervals.get(start, (0, 0.0))
            asked[place] += requests
            weighed[place] += requests * p95
        if min(asked) >= STRETCH_REQUESTS:
            found.append((weighed[0] / asked[0], weighed[1] / asked[1]))
            asked, weighed = [0, 0], [0.0, 0.0]
    return found


def compare_predictions(pair: tuple[Any, Any], margin: float, foretold: float, alpha: float) -> Signal:
    """The distance of the distributions, held against the one foretold and a margin."""
    found = distance_between(*pair, alpha)
    limit = foretold + margin
    told = f"distance {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], limit {limit:.3f}"
    return Signal("predictions", _middle(pair[0]), _middle(pair[1]), told, _verdict(found.low, limit, found.rows))


def compare_losses(pair: tuple[Any, Any], margin: float, alpha: float) -> Signal:
    """How much more of the challenger's predictions are further off."""
    found = larger_by(*pair, alpha)
    told = f"{found.value:.1%} more are further off [{found.low:.1%}, {found.high:.1%}], limit {margin:.1%}"
    outcome: Outcome = "worse" if found.low > margin else "fine"  # labels may come late, or never: none is no doubt
    return Signal("performance", _middle(pair[0]), _middle(pair[1]), told, outcome)


def _verdict(low: float, limit: float, rows: tuple[int, int]) -> Outcome:
    if min(rows) == 0:
        return "unclear"  # requests came, and nothing was logged of them yet
    return "worse" if low > limit else "fine"


def _middle(values: Any) -> str:
    found = np.asarray(values, dtype=float)
    return f"{found.mean():.4g} in the mean of {len(found)}" if len(found) else "none"


def _milliseconds(latency: Latency) -> str:
    return "not known" if latency.p95_ms is None else f"{latency.p95_ms:.1f} ms"


def _rate(hits: int, of: int) -> str:
    return f"{hits / of:.2%} of {of}" if of else "none"
