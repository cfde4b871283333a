"""The Evidently report of a window: its checks as Evidently shows them, with the verdicts that were decided on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.findings import Finding
from monitoring.deferred_packages import defer
from monitoring.drift import ColumnDrift
from monitoring.errors import require_columns
from monitoring.values import usable

SAMPLE_ROWS = 5000
_IDENTITY = ("type", "kind", "subject", "column")  # of our metrics


@dataclass(frozen=True)
class WindowReport:
    """html: one page of about 4 MB that loads nothing from elsewhere. snapshot: JSON as Evidently's own UI reads it."""

    html: str
    snapshot: str


def evidently_report(
    title: str,
    end: datetime,
    facts: Mapping[str, str],
    findings: Sequence[Finding],
    drift_results: Sequence[ColumnDrift],
    reference: pd.DataFrame,
    current: pd.DataFrame,
    *,
    seed: int = 0,
) -> WindowReport:
    """The report. It judges nothing: what it tells of verdicts is what it was given, and every finding is in it.

    title, facts: what stands above all else; facts in a word or a figure each. end: of the window, UTC. reference,
    current: the rows to draw, of which at most SAMPLE_ROWS are; the verdicts are of all rows that there were.

    Takes a second or two of a core: draw it off the critical path. Nothing is sent anywhere:
    Evidently's telemetry belongs to its UI service and collector, neither of which is started. Columns that hold no
    value on either side get a verdict and no chart. Raises SchemaMismatch where a frame lacks a column that was judged.
    """
    defer("evidently", "evidently.legacy", "evidently.legacy.tests")
    from evidently.core.datasets import DataDefinition, Dataset
    from evidently.core.report import Report

    from monitoring.evidently_metrics import column_metrics, finding_metrics

    columns = judged_columns(drift_results)
    for frame in (reference, current):
        require_columns([column.name for column in columns], list(frame.columns), expected=list(frame.columns))
    then, now = (sample_of(frame, columns, seed) for frame in (reference, current))
    definition = DataDefinition(
        numerical_columns=[column.name for column in columns if column.numeric],
        categorical_columns=[column.name for column in columns if not column.numeric],
    )
    metrics = [
        *finding_metrics(title, dict(facts), list(findings)),
        *column_metrics(list(drift_results)),
    ]
    with np.errstate(invalid="ignore"):  # Evidently counts what is infinite among no values
        window, before = (Dataset.from_pandas(one, data_definition=definition) for one in (now, then))
    snapshot = Report(metrics, include_tests=False).run(window, before, timestamp=end, name=title)
    return WindowReport(str(snapshot.get_html_str(as_iframe=False)), _readable(snapshot.dumps()))


def judged_columns(drift_results: Sequence[ColumnDrift]) -> list[Column]:
    """The columns that the results are of."""
    return [Column(name=drift.column, type=drift.type) for drift in drift_results]


def sample_of(frame: pd.DataFrame, columns: Sequence[Column], seed: int = 0) -> pd.DataFrame:
    """At most SAMPLE_ROWS of the frame, as values that can be used, a column each."""
    rows = frame if len(frame) <= SAMPLE_ROWS else frame.sample(SAMPLE_ROWS, random_state=seed)
    return pd.DataFrame({column.name: usable(rows[column.name], column.type) for column in columns})


def _readable(snapshot: str) -> str:
    """As Evidently's UI can read it and follow a metric from window to window.

    It does not know our classes, so the tests themselves go; their outcomes stay. By all its parameters a metric is
    known again: those stay that say what it is, and what was told in this window goes.
    """
    content = json.loads(snapshot)
    for result in content["metric_results"].values():
        metric = result["metric_value_location"]["metric"]
        metric["params"] = {name: metric["params"][name] for name in _IDENTITY if name in metric["params"]}
        for test in result["tests"]:
            test |= {"bound_test": None, "metric_config": metric}
    return json.dumps(content)
