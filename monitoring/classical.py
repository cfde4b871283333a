"""The statistics that everybody knows, by Evidently's names and definitions, from what was counted.

They stand beside the decision's own distance and decide nothing: one outlier stretches the bins of PSI and
Jensen-Shannon over the joint range until a shift of a whole standard deviation disappears in them, and a p-value
tells a shift of no consequence in a large window. The definitions, as of evidently 0.7:

- wasserstein: first Wasserstein distance over the reference's standard deviation (at least 0.001);
- psi, jensenshannon: over equal bins of the joint range, as many as Sturges' rule says; over single values, where the
  reference holds at most 20 different ones or categories. For PSI, an empty bin counts as 0.0001, or where the
  smallest other share is no greater than that, as a millionth of it. The Jensen-Shannon distance is in nats;
- ks: the statistic D (Evidently's score is its p-value, which hangs on the last digit of D);
- chisquare: the p-value of the window's counts against the reference's shares.
"""

from __future__ import annotations

import numpy as np

from monitoring.counts import ColumnCounts
from monitoring.distribution import Distribution
from monitoring.profile import FEW_VALUES, ColumnProfile, NumberReference
from monitoring.sketch import NumberSketch
from monitoring.tally import Tally

__all__ = ["FEW_VALUES", "SMALLEST_NORM", "classical_scores"]

SMALLEST_NORM = 0.001
_EMPTY = 0.0001


def classical_scores(reference: ColumnProfile, counts: ColumnCounts) -> dict[str, float]:
    """The statistics by name that the counts allow: none of a column without a value on one side, or that a
    reference's profile without them was made for; of categories, none beyond 2,000 different ones."""
    if reference.present == 0 or counts.present == 0:
        return {}
    if reference.numbers is not None and counts.sketch is not None:
        return _of_numbers(reference.numbers, counts.sketch, counts.tally, reference.type == "integer")
    if reference.categories is not None and counts.tally is not None:
        return value_scores(reference.categories, counts.tally)
    return {}


def _of_numbers(reference: NumberReference, sketch: NumberSketch, tally: Tally | None, whole: bool) -> dict[str, float]:
    knots = np.asarray(reference.knots)
    then, now = reference.sketch.distribution(knots), sketch.distribution(knots)
    scores = {
        "wasserstein": wasserstein(then, now) / max(reference.deviation, SMALLEST_NORM),
        "ks": kolmogorov(then, now),
    }
    if reference.tally is None:
        edges = sturges_edges(min(then.low, now.low), max(then.high, now.high), then.rows + now.rows, whole)
        return {**scores, **share_scores(then.counted(edges), now.counted(edges))}
    pair = by_value(reference.tally, tally) if tally is not None else None
    return scores if pair is None else {**scores, **share_scores(*pair)}


def value_scores(reference: Tally, window: Tally) -> dict[str, float]:
    """Of categories; none where a side holds nothing, or either too many."""
    pair = by_value(reference, window)
    if pair is None or not (pair[0].any() and pair[1].any()):
        return {}
    return {**share_scores(*pair), "chisquare": chisquare(*pair)}


def wasserstein(then: Distribution, now: Distribution) -> float:
    """The area between two distribution functions, both straight between the points."""
    points = np.union1d(then.points, now.points)
    apart = then.at(points) - now.at(points)
    left, right = apart[:-1], apart[1:]
    absolute = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(crossing, (left**2 + right**2) / (2 * absolute), absolute / 2)
    return float(mean @ np.diff(points))


def kolmogorov(then: Distribution, now: Distribution) -> float:
    """The greatest difference of two distribution functions at the points where either is known."""
    points = np.union1d(then.points, now.points)
    return float(np.abs(then.at(points) - now.at(points)).max())


def sturges_edges(low: float, high: float, rows: int, whole: bool) -> np.ndarray:
    """Edges of equal bins by Sturges' rule, as numpy.histogram_bin_edges makes them; whole: of whole numbers, whose
    bins are no narrower than one."""
    if low == high:
        return np.linspace(low - 0.5, high + 0.5, 2)
    width = (high - low) / (np.log2(rows) + 1.0)
    width = max(width, 1.0) if whole else width
    return np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)


def by_value(reference: Tally, window: Tally) -> tuple[np.ndarray, np.ndarray] | None:
    """Counts of each value that either holds; None where there are too many."""
    if reference.pairs is None or window.pairs is None:
        return None
    then, now = dict(reference.pairs), dict(window.pairs)
    values = sorted({*then, *now})
    return (
        np.array([then.get(value, 0) for value in values], dtype=float),
        np.array([now.get(value, 0) for value in values], dtype=float),
    )


def share_scores(then: np.ndarray, now: np.ndarray) -> dict[str, float]:
    """psi and jensenshannon of counts by bin or value, shape (bins,), each with a value at least."""
    p, q = then / then.sum(), now / now.sum()
    return {"psi": _psi(p, q), "jensenshannon": _jensen_shannon(p, q)}


def chisquare(then: np.ndarray, now: np.ndarray) -> float:
    """The p-value of Pearson's test (1900) of the window's counts by the reference's shares; 0 where the window holds
    what the reference never did."""
    from scipy.special import chdtrc

    if (now[then == 0] > 0).any():
        return 0.0
    expected = then * (now.sum() / then.sum())
    return float(chdtrc(len(then) - 1, ((now - expected) ** 2 / expected).sum())) if len(then) > 1 else 1.0


def _psi(p: np.ndarray, q: np.ndarray) -> float:
    p, q = _filled(p), _filled(q)
    return float(((p - q) * np.log(p / q)).sum())


def _filled(shares: np.ndarray) -> np.ndarray:
    smallest = shares[shares > 0].min()
    return np.where(shares > 0, shares, smallest / 10**6 if smallest <= _EMPTY else _EMPTY)


def _jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    from scipy.special import rel_entr

    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (rel_entr(p, middle) + rel_entr(q, middle)).sum() / 2)))
