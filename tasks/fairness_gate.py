"""The gate of fairness: a candidate must not serve some groups worse, than others or than the champion did."""

from __future__ import annotations

from typing import Any

from lifecycle.workload import Workload
from monitoring.fair_release import compare_groups, judge_release
from monitoring.fairness import judge_groups
from monitoring.groups import grouped, groupings
from monitoring.judgement import Judgement
from tasks.datasets import Holdout
from tasks.evaluation import outcomes_of
from tasks.staging import Check


def fairness_checks(workload: Workload, champion: Any | None, challenger: Any, holdout: Holdout) -> list[Check]:
    """A check for each sensitive column; none where no column is sensitive.

    Against the champion: would a group surely lose more than the monitor's tolerance? The first model has none, and is
    held to the limits between groups. What cannot be told, of small groups above all, is named and does not hold a
    release.
    """
    sensitive = [column for column in holdout.manifest.columns if column.name in workload.data.sensitive]
    if not sensitive:
        return []
    groups = grouped(holdout.features, groupings(holdout.features, sensitive))
    ours = outcomes_of(workload, challenger, holdout)
    if champion is None:
        _, judged = judge_groups(workload.kind, ours, groups, workload.fairness)
        return [_check(one) for one in judged]
    theirs, metric = outcomes_of(workload, champion, holdout), workload.metric
    return [
        _check(
            judge_release(
                column,
                metric,
                compare_groups(workload.kind, metric, theirs, ours, groups[column], tests=len(groups.columns)),
                workload.monitor.tolerance,
            )
        )
        for column in groups.columns
    ]


def _check(judged: Judgement) -> Check:
    return Check(f"fairness: {judged.subject}", not judged.significant, judged.message)
