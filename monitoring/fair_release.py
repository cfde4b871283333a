"""Would a release do harm to some group? Champion and challenger in each group, on the same rows.

A challenger may win on all rows and lose on those of a few people. Both are judged on the same draws of a group's rows,
so that what is hard about them cancels; the bounds hold for all groups at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from lifecycle.workload import Kind
from monitoring.group_metrics import MINIMUM_GROUP, group_value, part_of
from monitoring.judgement import Judgement, inconclusive
from monitoring.metrics import HIGHER_IS_BETTER, require_metric
from monitoring.resampling import bootstrap
from monitoring.weighted_metrics import Outcomes, score


@dataclass(frozen=True)
class GroupChange:
    """What a group would get. difference: above 0 the challenger is better, whatever the metric; low and high bound it.

    None, with the reason, for a group that is too small to be judged.
    """

    group: str
    rows: int
    champion: float | None
    challenger: float | None
    difference: float | None
    low: float | None
    high: float | None
    reason: str = ""


def compare_groups(
    kind: Kind,
    metric: str,
    champion: Outcomes,
    challenger: Outcomes,
    groups: pd.Series,
    *,
    tests: int = 1,
    minimum: int = MINIMUM_GROUP,
    confidence: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> list[GroupChange]:
    """Both on the same rows, in each group of a column. tests: how many columns are judged together.

    KeyError for an unknown metric; ValueError where the rows are not the same.
    """
    require_metric(kind, metric)
    if not len(groups) == champion.rows == challenger.rows or not np.array_equal(champion.label, challenger.label):
        raise ValueError("champion and challenger are compared on the same rows, each with its group")
    names = groups.to_numpy(dtype=object)
    distinct = sorted(set(names))
    reach = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * max(1, len(distinct)) * max(1, tests)))
    changes = []
    for place, name in enumerate(distinct):
        theirs, ours = part_of(champion, names == name), part_of(challenger, names == name)
        changes.append(_change(metric, name, theirs, ours, minimum, reach, resamples, seed + place))
    return changes


def judge_release(column: str, metric: str, changes: Sequence[GroupChange], tolerance: float = 0.0) -> Judgement:
    """Whether some group would surely lose, and more than the tolerated share (0..1) of what it gets.

    Small groups do not stand in the way of a release: they are named. Inconclusive where no group could be judged, or
    where a loss beyond the tolerance may be chance.
    """
    subject = f"{metric} by {column} (against the champion)"
    judged = [change for change in changes if change.difference is not None]
    small = "; ".join(f"{change.group} is not judged: {change.reason}" for change in changes if change.reason)
    if not judged:
        return inconclusive(subject, f"No group of {column} can be judged: {small or 'there is none'}")
    beyond = [change for change in judged if (change.difference or 0.0) < -tolerance * abs(change.champion or 0.0)]
    harmed = [change for change in beyond if (change.high or 0.0) < 0]
    worst = min(harmed or beyond or judged, key=lambda change: change.difference or 0.0)
    word = (
        "would surely lose" if harmed else "may lose, or it is chance" if beyond else "would lose nothing that counts"
    )
    message = f"{worst.group} {word}: {metric} {worst.champion:.4g} to {worst.challenger:.4g}"
    message += f", {worst.difference:+.4g} [{worst.low:+.4g}, {worst.high:+.4g}] on {worst.rows} rows"
    message += f"; {small}" if small else ""
    limit = -tolerance * abs(worst.champion or 0.0)
    return Judgement(subject, worst.difference, limit, bool(harmed), bool(harmed) or not beyond, message)


def _change(
    metric: str,
    name: str,
    champion: Outcomes,
    challenger: Outcomes,
    minimum: int,
    reach: float,
    resamples: int,
    seed: int,
) -> GroupChange:
    sign = 1.0 if HIGHER_IS_BETTER[metric] else -1.0
    theirs, ours = (
        group_value(metric, name, outcomes, minimum=minimum, resamples=2, seed=seed)
        for outcomes in (champion, challenger)
    )
    if theirs.value is None or ours.value is None:
        return GroupChange(name, champion.rows, None, None, None, None, None, theirs.reason or ours.reason)

    def difference(weights: np.ndarray) -> np.ndarray:
        return sign * (score(metric, challenger, weights) - score(metric, champion, weights))

    drawn = bootstrap(difference, champion.rows, resamples, seed)
    error = float(np.nanstd(drawn)) if np.isfinite(drawn).any() else math.nan
    apart = sign * (ours.value - theirs.value)
    if not math.isfinite(error):
        return GroupChange(name, champion.rows, theirs.value, ours.value, None, None, None, f"{metric} is undefined")
    low, high = apart - reach * error, apart + reach * error
    return GroupChange(name, champion.rows, theirs.value, ours.value, apart, low, high)
