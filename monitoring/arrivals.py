"""Did as much data come as usual, and lately? Volume and freshness, calibrated on what was usual.

What was usual must be alike: counts of the same weekday, where weekdays differ. That a caller has gone elsewhere and
that the log is broken look the same from here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from monitoring.judgement import Judgement, inconclusive
from monitoring.tails import exceeded_with

FEWEST_WINDOWS = 8
FLOOR = 0.2  # a volume within a fifth of the usual one is of no consequence
_FEWEST_GAPS = 20
_PEAKS = 0.1  # share of the gaps that the tail is fitted to
_POISSON = 0.5  # standard deviation of the root of a Poisson count, whatever its mean
_MAD = 1.4826  # from the median absolute deviation to a standard deviation


def judge_volume(rows: int, usual: Sequence[int], *, floor: float = FLOOR, false_alarms: float = 0.005) -> Judgement:
    """A window's rows against the counts of windows before it.

    Compared by their roots, whose spread does not follow their size (Anscombe 1948), with the median and the median
    deviation, so that an outage among the usual ones does not count, and the t distribution for how few they are.
    """
    from scipy.stats import t

    if len(usual) < FEWEST_WINDOWS:
        told = f"The volume cannot be judged: {len(usual)} windows before it are fewer than {FEWEST_WINDOWS}"
        return inconclusive("volume", told, float(rows))
    roots = np.sqrt(np.asarray(usual, dtype=float))
    middle = float(np.median(roots))
    spread = max(_POISSON, _MAD * float(np.median(np.abs(roots - middle))))
    reach = float(t.ppf(1 - false_alarms / 2, len(usual) - 1)) * spread * math.sqrt(1 + 1 / len(usual))
    expected = middle**2
    low = min(max(0.0, middle - reach) ** 2, (1 - floor) * expected)
    high = max((middle + reach) ** 2, (1 + floor) * expected)
    beyond = rows < low or rows > high
    word = "fewer than" if rows < low else "more than" if rows > high else "as many as"
    message = f"{rows} rows came, {word} usual: {expected:.0f}, from {low:.0f} to {high:.0f}"
    return Judgement("volume", float(rows), low if rows < expected else high, beyond, True, message)


def longest_silence(times: Sequence[datetime] | pd.Series, *, false_alarms: float = 0.005) -> float | None:
    """The seconds without a row that are seldom exceeded, from when the rows of the reference came.

    Of the gaps between them the tail is taken as exponential; None for fewer than 20 gaps.
    """
    seen = pd.Series(pd.to_datetime(pd.Series(times), utc=True)).dropna().sort_values()
    gaps = seen.diff().dropna().dt.total_seconds().to_numpy()
    if len(gaps) < _FEWEST_GAPS:
        return None
    # That any gap at all is longer, not that one of them is.
    return max(float(gaps.max()), exceeded_with(gaps, false_alarms / len(gaps), _PEAKS))


def judge_freshness(newest: datetime | None, now: datetime, limit: float | None) -> Judgement:
    """The age of the newest row against the limit, in seconds; both times bear their offset.

    newest: None where there is no row at all, which only a limit of the caller's can tell from a service nobody asks.
    """
    if limit is None:
        return inconclusive("freshness", "The freshness cannot be judged: how often rows come is not known")
    if newest is None:
        return inconclusive("freshness", "The freshness cannot be judged: there is no row", None, limit)
    age = (now - newest).total_seconds()
    word = "longer than usual" if age > limit else "as usual"
    message = f"The newest row is {age:.0f} s old, {word}: at most {limit:.0f} s"
    return Judgement("freshness", age, limit, age > limit, True, message)
