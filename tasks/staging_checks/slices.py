"""Quality on slices: a candidate that is right on average must not surely be worse on any part of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from monitoring.fair_release import GroupChange, compare_groups, judge_release
from monitoring.groups import grouped, groupings
from tasks.evaluation import outcomes_of
from tasks.staging import Check, not_applicable
from tasks.staging_checks.part import Figure, Part, Subject

TITLE = "quality on slices"


def slices(subject: Subject) -> Part:
    """A check for each of the columns that `release.slices` names, or for each sensitive one.

    Candidate and champion meet on the same newest rows; the bounds hold for all slices of all columns at once. Small
    slices are named, not judged. A column that `release.slices` names fails where none of its slices can be judged.
    """
    workload = subject.context.workload
    named = workload.release.slices
    wanted = workload.data.sensitive if named is None else named
    if not wanted:
        why = "neither release.slices nor data.sensitive names a column"
        return Part(title=TITLE, checks=(not_applicable(TITLE, why),))
    if subject.champion is None:
        return Part(title=TITLE, checks=(not_applicable(TITLE, "there is no champion to lose against"),))
    columns = [column for column in subject.newest.manifest.columns if column.name in wanted]
    unknown = [name for name in wanted if name not in {column.name for column in columns}]
    absent = [Check(_name(name), False, f"the data have no column {name}") for name in unknown]
    changes = _changes(subject, grouped(subject.newest.features, groupings(subject.newest.features, columns)))
    checks = [_check(column, workload.metric, found, named is not None) for column, found in changes.items()]
    figures = tuple(_figure(column, one) for column, found in changes.items() for one in found)
    return Part(title=TITLE, checks=(*checks, *absent), figures=figures)


def _changes(subject: Subject, groups: pd.DataFrame) -> dict[str, list[GroupChange]]:
    """By column, champion and candidate in each of its slices."""
    workload, rows = subject.context.workload, subject.newest
    theirs = outcomes_of(workload, subject.champion_model, rows)
    ours = outcomes_of(workload, subject.candidate.model, rows)
    metric, tests = workload.metric, len(groups.columns)
    return {
        str(column): compare_groups(workload.kind, metric, theirs, ours, groups[column], tests=tests)
        for column in groups.columns
    }


def _check(column: str, metric: str, changes: Sequence[GroupChange], named: bool) -> Check:
    judged = judge_release(column, metric, changes)
    if any(change.difference is not None for change in changes):
        return Check(_name(column), not judged.significant, judged.message)
    return Check(_name(column), False, judged.message) if named else not_applicable(_name(column), judged.message)


def _name(column: str) -> str:
    return f"no slice of {column} loses to the champion"


def _figure(column: str, change: GroupChange) -> Figure:
    return {
        "column": column,
        "slice": change.group,
        "rows": change.rows,
        "champion": change.champion,
        "candidate": change.challenger,
        "difference": change.difference,
        "low": change.low,
        "high": change.high,
        "not judged": change.reason or None,
    }
