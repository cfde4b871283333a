"""An A/B test of two versions, answered by callers: the difference of their means with an interval, at any time.

The unit is the caller, since the requests of one go together: its value is the mean over its rows. A caller counts in
the arm that it was given, also where the other version answered because the slot was down: that arms stay as they were
drawn is what makes them comparable (intention to treat). How many were answered otherwise is told.

The interval is an asymptotic confidence sequence: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
central limit theory and asymptotic confidence sequences", arXiv 2103.06476, theorem 2.2. It holds at all looks together
once both arms have enough callers for a mean to be normal, so nothing is told before `FEWEST_CALLERS`. Whether the
callers that were seen are shared as they should be is Lindon and Malek's sequential multinomial test, "Anytime-Valid
Inference For Multinomial Count Data", arXiv 2011.03567: a slot that loses requests, or a log that loses rows, leaves
arms that are not comparable, and then no difference is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecycle.ab_test import AbVerdict, Better

FEWEST_CALLERS = 100  # with a value, in each arm
TIGHTEST_AT = 2000  # callers at which the interval is as narrow as such a sequence can be
MISMATCH_ALPHA = 0.001  # arms of another size than they should be are a defect, and are to be surely one
_CONCENTRATION = 200.0  # of the prior around the shares that were meant; less suspects small departures later


@dataclass(frozen=True)
class Rows:
    """What was logged of a test, a prediction a row; all of shape (rows,)."""

    caller: Any  # hashes
    challenger: Any  # bool: the arm that the caller was given
    answered_by_challenger: Any  # bool: the version that did answer
    value: Any  # float; NaN where no label came


@dataclass(frozen=True)
class Arm:
    """One of the two."""

    callers: int  # seen
    elsewhere: int  # of them, those with an answer of the other version
    measured: int  # with a value
    mean: float | None  # over callers
    deviation: float  # standard deviation over callers


@dataclass(frozen=True)
class Answer:
    """What a look tells. difference: the challenger's mean less the champion's; None: too few callers."""

    verdict: AbVerdict
    champion: Arm
    challenger: Arm
    difference: float | None
    low: float | None
    high: float | None
    mismatch: float  # evidence that the arms have other sizes than they should, as 1 / alpha
    why: str


def analyse(rows: Rows, share: float, better: Better, alpha: float = 0.05) -> Answer:
    """The answer so far. share: of the callers, 0..1, that were to get the challenger.

    alpha: how often the interval misses the difference at any look, so how often a difference is told that is none.
    """
    champion, challenger = (_arm(rows, side) for side in (False, True))
    mismatch = mismatch_evidence((champion.callers, challenger.callers), (1 - share, share))
    if mismatch >= 1 / MISMATCH_ALPHA:
        seen = f"{champion.callers} and {challenger.callers} callers were seen, {share:.0%} were to get the challenger"
        return Answer("assignment broken", champion, challenger, None, None, None, mismatch, seen)
    fewest = min(champion.measured, challenger.measured)
    if fewest < FEWEST_CALLERS or champion.mean is None or challenger.mean is None:
        why = f"{fewest} callers of an arm were measured, {FEWEST_CALLERS} are needed of each"
        return Answer("not decided yet", champion, challenger, None, None, None, mismatch, why)
    difference = challenger.mean - champion.mean
    width = half_width(champion, challenger, alpha)
    low, high = difference - width, difference + width
    if low <= 0 <= high:
        why = f"the interval [{low:.4g}, {high:.4g}] holds 0"
        return Answer("not decided yet", champion, challenger, difference, low, high, mismatch, why)
    verdict: AbVerdict = "better" if (difference < 0) == (better == "smaller") else "worse"
    why = f"the challenger's mean is {abs(difference):.4g} {'smaller' if difference < 0 else 'larger'}"
    return Answer(verdict, champion, challenger, difference, low, high, mismatch, why)


def half_width(champion: Arm, challenger: Arm, alpha: float) -> float:
    """Of the confidence sequence around the difference of means, at this many callers.

    Theorem 2.2 of arXiv 2103.06476 for the influence function of the difference, whose variance over n callers is
    n (s0^2 / n0 + s1^2 / n1); rho as its equation for the time at which the boundary is tightest.
    """
    callers = champion.measured + challenger.measured
    variance = champion.deviation**2 / champion.measured + challenger.deviation**2 / challenger.measured
    log = -2 * math.log(alpha)
    scaled = callers * (log + math.log(log + 1)) / TIGHTEST_AT  # n rho^2
    return math.sqrt(variance * 2 * (scaled + 1) / scaled * math.log(math.sqrt(scaled + 1) / alpha))


def mismatch_evidence(seen: Sequence[int], shares: Sequence[float]) -> float:
    """The evidence, as 1 / alpha, that callers are not shared so: by Ville's inequality valid at all looks together.

    The marginal likelihood of the counts under a Dirichlet prior around the shares, over that under the shares.
    """
    parts = [(count, share) for count, share in zip(seen, shares, strict=True) if share > 0]
    prior, whole = [_CONCENTRATION * share for _, share in parts], _CONCENTRATION
    log = math.lgamma(whole) - math.lgamma(whole + sum(count for count, _ in parts))
    for (count, share), alpha in zip(parts, prior, strict=True):
        log += math.lgamma(alpha + count) - math.lgamma(alpha) - count * math.log(share)
    return math.exp(min(log, 700.0))


def _arm(rows: Rows, challenger: bool) -> Arm:
    mine = np.asarray(rows.challenger, dtype=bool) == challenger
    names, codes = np.unique(np.asarray(rows.caller)[mine], return_inverse=True)
    elsewhere = np.asarray(rows.answered_by_challenger, dtype=bool)[mine] != challenger
    value = np.asarray(rows.value, dtype=float)[mine]
    told = np.isfinite(value)
    counts = np.bincount(codes[told], minlength=len(names))
    sums = np.bincount(codes[told], weights=value[told], minlength=len(names))
    means = sums[counts > 0] / counts[counts > 0]
    mean = float(means.mean()) if len(means) else None
    deviation = float(means.std(ddof=1)) if len(means) > 1 else 0.0
    return Arm(len(names), len(np.unique(codes[elsewhere])), len(means), mean, deviation)
