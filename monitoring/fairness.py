"""Does the model serve some groups worse than others? Metrics by group, and the largest gap between two of them.

By group, difference and ratio are fairlearn's MetricFrame (largest less smallest, smallest over largest). The largest
of many gaps is large by chance alone, so the intervals hold for all pairs of groups at once (Bonferroni): a gap counts
where some pair is surely apart. It compares what groups get; it cannot say whether their labels were fair, and it knows
only the groups that the workload names.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lifecycle.limits import FairnessLimit
from lifecycle.workload import Kind
from monitoring.group_metrics import (
    MINIMUM_GROUP,
    GroupValue,
    group_metrics_of,
    group_score,
    group_value,
    part_of,
    unjudged,
)
from monitoring.judgement import Judgement, inconclusive
from monitoring.weighted_metrics import Outcomes

if TYPE_CHECKING:
    from fairlearn.metrics import MetricFrame


@dataclass(frozen=True)
class Disparity:
    """A metric over the groups of one column.

    difference, ratio: between the groups that are judged, with bounds that hold for all pairs at once; None where
    fewer than two are. between: the groups with the smallest and the largest value. overall: over all rows.
    """

    column: str
    metric: str
    overall: float | None
    groups: tuple[GroupValue, ...]
    difference: float | None
    difference_bounds: tuple[float, float] | None
    ratio: float | None
    ratio_bounds: tuple[float, float] | None
    between: tuple[str, str] | None
    confidence: float


def disparity(
    kind: Kind,
    metric: str,
    outcomes: Outcomes,
    groups: pd.Series,
    *,
    tests: int = 1,
    minimum: int = MINIMUM_GROUP,
    confidence: float = 0.99,
    resamples: int = 500,
    seed: int = 0,
) -> Disparity:
    """The metric over the groups of a column.

    outcomes: of `monitoring.metrics.outcomes_for`; groups: of each row, in its order, named as the column. tests: how
    many such disparities are judged together (columns times metrics): the bounds are corrected for them. KeyError for
    a metric that the kind does not have; ValueError where the groups are not of the rows.
    """
    if metric not in (known := group_metrics_of(kind, outcomes.classes)):
        raise KeyError(f"groups cannot be compared by {metric!r}; there are {', '.join(known)}")
    if len(groups) != outcomes.rows:
        raise ValueError(f"{len(groups)} rows have a group, {outcomes.rows} an outcome")
    names = groups.to_numpy(dtype=object)
    measured = partial(group_value, metric, minimum=minimum, resamples=resamples)
    values = tuple(
        measured(name, part_of(outcomes, names == name), seed=seed + place)
        for place, name in enumerate(sorted(set(names)))
    )
    overall = _overall(metric, outcomes)
    judged = [value for value in values if value.judged]
    if len(judged) < 2:
        return Disparity(str(groups.name), metric, overall, values, None, None, None, None, None, confidence)
    inside = np.isin(names, [value.group for value in judged])
    found = _frame(metric, part_of(outcomes, inside), names[inside])
    pairs = list(itertools.combinations(judged, 2))
    reach = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * len(pairs) * max(1, tests)))
    ratio = _ratio(found, judged)
    least, *_, most = sorted(judged, key=lambda value: value.value or 0.0)
    return Disparity(
        column=str(groups.name),
        metric=metric,
        overall=overall,
        groups=values,
        difference=float(found.difference(errors="coerce").iloc[0]),
        difference_bounds=_difference_bounds(pairs, reach),
        ratio=ratio,
        ratio_bounds=None if ratio is None else _ratio_bounds(pairs, reach),
        between=(least.group, most.group),
        confidence=confidence,
    )


def _ratio(found: MetricFrame, judged: Sequence[GroupValue]) -> float | None:
    """The least over the greatest; None where that says nothing, as of values below zero."""
    if any((value.value or 0.0) < 0 for value in judged):
        return None
    ratio = float(found.ratio(errors="coerce").iloc[0])
    return ratio if math.isfinite(ratio) else None


def judge_disparity(found: Disparity, limit: FairnessLimit) -> list[Judgement]:
    """A judgement for each bound of the limit. Significant: the whole interval is beyond it; inconclusive: the value
    is beyond it and chance may have put it there."""
    judged = []
    if limit.difference is not None:
        judged.append(_judged(found, "difference", found.difference, found.difference_bounds, limit.difference))
    if limit.ratio is not None:
        judged.append(_judged(found, "ratio", found.ratio, found.ratio_bounds, limit.ratio))
    return judged


def _judged(
    found: Disparity, what: str, value: float | None, bounds: tuple[float, float] | None, limit: float
) -> Judgement:
    subject = f"{found.metric} by {found.column} ({what})"
    small = unjudged(found.groups)
    if value is None or bounds is None or found.between is None:
        reason = small or f"its {what} is undefined"
        return inconclusive(subject, f"{found.metric} by {found.column} cannot be judged: {reason}", value, limit)
    beyond = value > limit if what == "difference" else value < limit
    surely = bounds[0] > limit if what == "difference" else bounds[1] < limit
    word = "are surely apart" if surely else "may be apart, or it is chance" if beyond else "are near enough"
    message = f"{found.between[0]} and {found.between[1]} {word} in {found.metric}: {what} {value:.3f}"
    message += f" [{bounds[0]:.3f}, {bounds[1]:.3f}], limit {limit:.3f}"
    message += f"; {small}" if small else ""
    return Judgement(subject, value, limit, surely, surely or not beyond, message)


def _frame(metric: str, outcomes: Outcomes, names: np.ndarray) -> MetricFrame:
    """fairlearn's MetricFrame; it is given the rows' places, since a probability is more than a prediction."""
    from fairlearn.metrics import MetricFrame

    def measured(_: np.ndarray, places: np.ndarray) -> float:
        part = part_of(outcomes, np.asarray(places, dtype=int))
        return float(group_score(metric, part, np.ones((1, part.rows)))[0])

    return MetricFrame(
        metrics={metric: measured},
        y_true=outcomes.label,
        y_pred=np.arange(outcomes.rows),
        sensitive_features=pd.Series(names.astype(str), name="group"),
    )


def _overall(metric: str, outcomes: Outcomes) -> float | None:
    value = float(group_score(metric, outcomes, np.ones((1, outcomes.rows)))[0]) if outcomes.rows else math.nan
    return value if math.isfinite(value) else None


def _difference_bounds(pairs: Sequence[tuple[GroupValue, GroupValue]], reach: float) -> tuple[float, float]:
    apart = np.array([abs((a.value or 0.0) - (b.value or 0.0)) for a, b in pairs])
    errors = np.array([math.hypot(a.error or 0.0, b.error or 0.0) for a, b in pairs])
    return float(max(0.0, (apart - reach * errors).max())), float((apart + reach * errors).max())


def _ratio_bounds(pairs: Sequence[tuple[GroupValue, GroupValue]], reach: float) -> tuple[float, float]:
    """By the logarithm, in which the error of a ratio is that of a difference; where a value is zero, by its bound."""
    lows, highs = [], []
    for pair in pairs:
        small, large = sorted(pair, key=lambda value: value.value or 0.0)
        a, b, error_a, error_b = small.value or 0.0, large.value or 0.0, small.error or 0.0, large.error or 0.0
        if a > 0:
            spread = reach * math.hypot(error_a / a, error_b / b)
            lows.append(a / b * math.exp(-spread))
            highs.append(a / b * math.exp(min(spread, 700.0)))
        else:
            least = b - reach * error_b
            lows.append(0.0)
            highs.append(reach * error_a / least if least > 0 else 1.0)
    return float(min(lows)), float(min(1.0, min(highs)))


def judge_groups(
    kind: Kind,
    outcomes: Outcomes,
    groups: pd.DataFrame,
    limits: Sequence[FairnessLimit],
    *,
    minimum: int = MINIMUM_GROUP,
    confidence: float = 0.99,
    seed: int = 0,
) -> tuple[list[Disparity], list[Judgement]]:
    """Every sensitive column (`monitoring.groups.grouped`) by every limit, corrected for how many those are."""
    tests = len(groups.columns) * len(limits)
    found, judged = [], []
    for name in groups.columns:
        for limit in limits:
            one = disparity(
                kind,
                limit.metric,
                outcomes,
                groups[name],
                tests=tests,
                minimum=minimum,
                confidence=confidence,
                seed=seed,
            )
            found.append(one)
            judged += judge_disparity(one, limit)
    return found, judged
