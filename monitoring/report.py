"""The Evidently report: how window and reference look, with the verdicts that were decided on."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lifecycle.columns import Column
from monitoring.drift import ColumnDrift
from monitoring.errors import require_columns
from monitoring.profile import usable

SAMPLE_ROWS = 5000  # the pictures' rows; the verdicts are of all rows


def evidently_report(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Sequence[Column],
    drift_results: Sequence[ColumnDrift],
    *,
    seed: int = 0,
) -> str:
    """The report as one HTML page of about 4 MB that loads nothing from elsewhere.

    Takes seconds, four of them to import Evidently: draw it off the critical path. Nothing is sent anywhere:
    Evidently's telemetry belongs to its UI service and collector, neither of which is started. Columns that hold no
    value on one side get a verdict and no picture. Raises SchemaMismatch where a frame lacks a column.
    """
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import ValueStats

    from monitoring.evidently_metrics import verdict_metrics

    names = [column.name for column in columns]
    for frame in (reference, current):
        require_columns(names, list(frame.columns), expected=list(frame.columns))
    then, now = (_sample(frame, columns, seed) for frame in (reference, current))
    drawn = [column for column in columns if then[column.name].notna().any() and now[column.name].notna().any()]
    definition = DataDefinition(
        numerical_columns=[column.name for column in drawn if column.numeric],
        categorical_columns=[column.name for column in drawn if not column.numeric],
    )
    then, now = (frame[[column.name for column in drawn]] for frame in (then, now))
    metrics = [*verdict_metrics(list(drift_results)), *(ValueStats(column=column.name) for column in drawn)]
    snapshot = Report(metrics, include_tests=False).run(
        Dataset.from_pandas(now, data_definition=definition), Dataset.from_pandas(then, data_definition=definition)
    )
    return str(snapshot.get_html_str(as_iframe=False))


def _sample(frame: pd.DataFrame, columns: Sequence[Column], seed: int) -> pd.DataFrame:
    rows = frame if len(frame) <= SAMPLE_ROWS else frame.sample(SAMPLE_ROWS, random_state=seed)
    return pd.DataFrame({column.name: usable(rows[column.name], column.type) for column in columns})
