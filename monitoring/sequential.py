"""Tests that may be looked at all the time: however often, a false alarm comes with at most the chance alpha.

Error rates are compared by an e-process, a non-negative martingale under the hypothesis that the challenger fails no
more often: by Ville's inequality it ever reaches 1 / alpha with a chance of at most alpha. (A test of such counts
that may be looked at is in Lindon and Malek, arXiv 2011.03567; here each interval is conditioned on its own requests
and errors, so that the rate may go up and down, and the shares of the traffic, too.)

Distributions are compared as in Lindon, Sanden and Shirikian, "Rapid Regression Detection in Software Deployments
through Sequential Testing", arXiv 2205.14762: by bands around both empirical distribution functions that hold at all
times at once. The band is Howard and Ramdas', "Sequential estimation of quantiles with applications to A/B testing and
best-arm identification", Bernoulli 28(3), 2022, arXiv 1906.09712.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

# The odds ratios that the e-process bets on, equally: from half as many errors again to a model that hardly answers.
ODDS = (1.5, 2.0, 4.0, 10.0, 30.0)


@dataclass(frozen=True)
class Counts:
    """Requests of both versions in one interval of time, and how many of them failed."""

    champion: int
    champion_errors: int
    challenger: int
    challenger_errors: int


@dataclass(frozen=True)
class Distance:
    """The largest distance between two distribution functions, 0..1, with bounds that hold at all times at once."""

    value: float
    low: float
    high: float
    rows: tuple[int, int]


def errors_evidence(intervals: Iterable[Counts]) -> float:
    """The largest evidence so far, as 1 / alpha, that the challenger's requests fail more often than the champion's.

    Within an interval, given its requests and its errors, how many of the errors are the challenger's follows the
    hypergeometric distribution if both fail alike, and Fisher's noncentral one with odds ratio w otherwise: the
    likelihood ratio w^x / E[w^X] has the expectation 1, or less where the challenger fails less often. Products over
    the intervals are martingales, and so is their mean over `ODDS`.
    """
    odds = np.log(np.array(ODDS))
    logs, largest = np.zeros(len(ODDS)), 0.0
    for one in intervals:
        errors = one.champion_errors + one.challenger_errors
        if errors == 0 or one.champion == 0 or one.challenger == 0:
            continue
        values, chances = _hypergeometric(one.champion + one.challenger, errors, one.challenger)
        logs += one.challenger_errors * odds - _log_sum(np.outer(odds, values) + chances)
        largest = max(largest, float(_log_sum(logs[None, :])[0]) - math.log(len(ODDS)))
    return math.exp(min(largest, 700.0))


def distance_between(champion: Any, challenger: Any, alpha: float) -> Distance:
    """How far apart two samples' distributions are (Kolmogorov's distance). Shapes (n,) and (m,), of one order.

    The bounds miss the truth at any time, however often one looks, with a chance of at most alpha.
    """
    return _apart(champion, challenger, alpha, one_sided=False)


def larger_by(champion: Any, challenger: Any, alpha: float) -> Distance:
    """By how much more of the challenger's values lie beyond some value than of the champion's, 0..1, at the worst one.

    Of losses that are 0 or 1 it is the difference of their rates. Bounds as those of `distance_between`.
    """
    return _apart(champion, challenger, alpha, one_sided=True)


def band(rows: int, alpha: float) -> float:
    """How far an empirical distribution function of so many rows is from the true one, at all times at once.

    0.85 sqrt((log log(e t) + 0.8 log(1612 / alpha)) / t), Howard and Ramdas 2022; 1 where it says nothing.
    """
    if rows < 1:
        return 1.0
    return min(1.0, 0.85 * math.sqrt((math.log(math.log(math.e * rows)) + 0.8 * math.log(1612 / alpha)) / rows))


def _apart(champion: Any, challenger: Any, alpha: float, *, one_sided: bool) -> Distance:
    one, other = np.sort(np.asarray(champion, dtype=float)), np.sort(np.asarray(challenger, dtype=float))
    rows = (len(one), len(other))
    if min(rows) == 0:
        return Distance(0.0, 0.0, 1.0, rows)
    points = np.concatenate([one, other])
    lag = np.searchsorted(one, points, side="right") / rows[0] - np.searchsorted(other, points, side="right") / rows[1]
    value = float(max(0.0, lag.max() if one_sided else np.abs(lag).max()))
    width = band(rows[0], alpha / 2) + band(rows[1], alpha / 2)
    return Distance(value, max(0.0, value - width), min(1.0, value + width), rows)


def _hypergeometric(of: int, errors: int, drawn: int) -> tuple[np.ndarray, np.ndarray]:
    """How many of the errors are among the drawn: the values that there may be, and the logarithms of their chances."""
    values = range(max(0, errors + drawn - of), min(errors, drawn) + 1)
    whole = _log_choose(of, drawn)
    chances = [_log_choose(errors, one) + _log_choose(of - errors, drawn - one) - whole for one in values]
    return np.array(values, dtype=float), np.array(chances)


def _log_choose(of: int, chosen: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)


def _log_sum(rows: np.ndarray) -> np.ndarray:
    """log(sum(exp(row))) of each row."""
    top = rows.max(axis=1)
    total: np.ndarray = top + np.log(np.exp(rows - top[:, None]).sum(axis=1))
    return total
