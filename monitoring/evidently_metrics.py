"""Our verdicts as Evidently metrics, so that they stand in the report as its own do.

Imports Evidently, which takes seconds: only `monitoring.report` imports this, when it draws.
Arguments that go unused are of Evidently's signatures.
"""

from __future__ import annotations

from typing import Any

from evidently.core.datasets import Dataset
from evidently.core.metric_types import BoundTest, SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Context
from evidently.legacy.renderers.html_widgets import CounterData, counter, table_data
from evidently.tests import lte

from monitoring.drift import ColumnDrift


class DriftedColumns(SingleValueMetric):
    """How many columns drifted, with the table of all of them."""

    rows: list[list[str]]
    drifted: int

    def _default_tests(self, context: Context) -> list[BoundTest[Any]]:  # noqa: ARG002
        return []


class _DriftedColumnsCalculation(SingleValueCalculation[DriftedColumns]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        result = self.result(self.metric.drifted)
        header = [
            "Column",
            "Verdict",
            "Statistic",
            "Score",
            "Threshold",
            "Missing",
            "Missing in reference",
            "Beside it",
        ]
        result.widget = [table_data(title=self.display_name(), column_names=header, data=self.metric.rows)]
        return result

    def display_name(self) -> str:
        return "Drift verdicts on every row of the window, against thresholds calibrated on the reference"


class DriftScore(SingleValueMetric):
    """One column's score, which its test holds against the calibrated threshold."""

    column: str
    statistic: str
    score: float
    threshold: float


class _DriftScoreCalculation(SingleValueCalculation[DriftScore]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        metric = self.metric
        result = self.result(metric.score)
        verdict = "drifted" if metric.score > metric.threshold else "steady"
        counters = [
            CounterData(label="score", value=f"{metric.score:.4f}"),
            CounterData(label="calibrated threshold", value=f"{metric.threshold:.4f}"),
            CounterData(label="verdict", value=verdict),
        ]
        result.widget = [counter(title=self.display_name(), counters=counters)]
        return result

    def display_name(self) -> str:
        return f"{self.metric.column}: {self.metric.statistic}"


def verdict_metrics(drifts: list[ColumnDrift]) -> list[SingleValueMetric]:
    """The table of all columns, then a score with its test for each column that could be judged."""
    drifted = sum(drift.drifted for drift in drifts)
    table = DriftedColumns(rows=[_row(drift) for drift in drifts], drifted=drifted)
    scores = [
        DriftScore(
            column=drift.column,
            statistic=drift.statistic,
            score=drift.score,
            threshold=drift.threshold,
            tests=[lte(drift.threshold)],
        )
        for drift in drifts
        if drift.score is not None and drift.threshold is not None
    ]
    return [table, *scores]


def _row(drift: ColumnDrift) -> list[str]:
    score = "" if drift.score is None else f"{drift.score:.4f}"
    threshold = "" if drift.threshold is None else f"{drift.threshold:.4f}"
    missing = f"{drift.missing_rate:.1%}", f"{drift.reference_missing_rate:.1%}"
    beside = ", ".join(f"{name} {value:.4f}" for name, value in drift.classical.items())
    return [drift.column, drift.verdict, drift.statistic, score, threshold, *missing, beside]
