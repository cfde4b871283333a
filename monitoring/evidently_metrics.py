"""Our findings as Evidently metrics and tests, so that a report says what was decided and nothing else.

The values, verdicts and messages are handed in; nothing is judged here. A finding that could not tell is a warning,
never a test that was passed. Imports Evidently, which takes seconds: only `monitoring.report` imports this, when it
draws. Arguments that go unused are of Evidently's signatures.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from evidently.core.datasets import Dataset
from evidently.core.metric_types import (
    MetricTest,
    MetricTestProto,
    MetricTestResult,
    SingleValue,
    SingleValueCalculation,
    SingleValueMetric,
)
from evidently.core.report import Context
from evidently.legacy.renderers.html_widgets import CounterData, counter, rich_data, table_data
from evidently.legacy.tests.base_test import TestStatus

from lifecycle.findings import Finding
from monitoring.column_facts import column_chart, column_facts, column_verdict
from monitoring.drift import ColumnDrift
from monitoring.drift_table import drift_table, worst_first

STATUS = {"finding": TestStatus.FAIL, "inconclusive": TestStatus.WARNING, "steady": TestStatus.SUCCESS}
_MANY = ("drift", "quality")  # checked column by column: what is steady of these would bury the rest
_BEFORE = ("finding", "inconclusive", "steady")


def verdict_of(finding: Finding) -> str:
    """In a word: finding, inconclusive or steady."""
    return "finding" if finding.significant else "steady" if finding.conclusive else "inconclusive"


class Verdict(MetricTest):
    """A test whose outcome was decided before."""

    subject: str
    verdict: str
    message: str

    def to_test(self) -> MetricTestProto[Any]:
        def told(context: Context, metric: Any, value: Any) -> MetricTestResult:  # noqa: ARG001
            return MetricTestResult(
                id="verdict",
                name=self.subject,
                description=self.message,
                metric_config=metric.to_metric_config(),
                test_config=self.dict(),
                status=STATUS[self.verdict],
            )

        return told


class Headline(SingleValueMetric):
    """What the report is of; the value is how many checks it tells of."""

    name: str
    facts: dict[str, str]
    checks: int


class _HeadlineCalculation(SingleValueCalculation[Headline]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        result = self.result(self.metric.checks)
        counters = [CounterData(label=what, value=value) for what, value in self.metric.facts.items()]
        result.widget = [counter(title=self.metric.name, counters=counters)]
        return result

    def display_name(self) -> str:
        return self.metric.name


class Findings(SingleValueMetric):
    """How many findings the window has, a test for each check, and their table but for steady columns and quality."""

    rows: list[list[str]]
    significant: int


class _FindingsCalculation(SingleValueCalculation[Findings]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        result = self.result(self.metric.significant)
        header = ["Check", "Of what", "Verdict", "Score", "Threshold", "In words"]
        result.widget = [table_data(title=self.display_name(), column_names=header, data=self.metric.rows)]
        return result

    def display_name(self) -> str:
        return "What this window showed; of columns and their quality, what is not steady"


class DriftedColumns(SingleValueMetric):
    """How many columns drifted, with the table of all of them and the statistics that people know."""

    header: list[str]
    rows: list[list[str]]
    drifted: int


class _DriftedColumnsCalculation(SingleValueCalculation[DriftedColumns]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        result = self.result(self.metric.drifted)
        table = table_data(title=self.display_name(), column_names=self.metric.header, data=self.metric.rows)
        result.widget = [table]
        return result

    def display_name(self) -> str:
        return "Columns, the worst first; the classical statistics to the right decide nothing"


class Score(SingleValueMetric):
    """What one check measured, to be followed over windows in Evidently's own UI."""

    kind: str
    subject: str
    score: float


class _ScoreCalculation(SingleValueCalculation[Score]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        result = self.result(self.metric.score)
        result.widget = []  # the tables tell it
        return result

    def display_name(self) -> str:
        return f"{self.metric.subject} ({self.metric.kind})"


class Threshold(SingleValueMetric):
    """What a check's measure was held against."""

    kind: str
    subject: str
    threshold: float


class _ThresholdCalculation(SingleValueCalculation[Threshold]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        result = self.result(self.metric.threshold)
        result.widget = []
        return result

    def display_name(self) -> str:
        return f"threshold of {self.metric.subject} ({self.metric.kind})"


class ColumnView(SingleValueMetric):
    """One column: its verdict and figures beside a chart of the rows drawn; the value is how many of them hold one."""

    column: str
    drift: dict[str, Any]  # the fields of a ColumnDrift


class _ColumnViewCalculation(SingleValueCalculation[ColumnView]):
    def calculate(self, context: Context, current_data: Dataset, reference_data: Dataset | None) -> SingleValue:  # noqa: ARG002
        drift = ColumnDrift(**self.metric.drift)
        now, then = (data.as_dataframe()[drift.column] for data in (current_data, reference_data or current_data))
        result = self.result(int(now.notna().sum()))
        result.widget = [
            rich_data(
                title=drift.column,
                description=column_verdict(drift),
                header=["window", "reference"],
                metrics=[
                    {"label": what, "values": [window, reference]}
                    for what, window, reference in column_facts(drift, then, now)
                ],
                graph=column_chart(drift, then, now),
            )
        ]
        return result

    def display_name(self) -> str:
        return f"{self.metric.column}: values drawn"


def finding_metrics(name: str, facts: dict[str, str], findings: list[Finding]) -> list[SingleValueMetric]:
    """What the report is of, all checks as a table and as tests, then a value for each that measured something."""
    ordered = sorted(findings, key=_importance)
    table = Findings(
        rows=[_finding_row(one) for one in ordered if one.kind not in _MANY or verdict_of(one) != "steady"],
        significant=sum(finding.significant for finding in findings),
        tests=[
            Verdict(subject=finding.subject, verdict=verdict_of(finding), message=finding.message, alias=finding.kind)
            for finding in ordered
        ],
    )
    headline = Headline(name=name, facts=facts, checks=len(findings))
    return [headline, table, *(metric for finding in ordered for metric in _series(finding))]


def column_metrics(drifts: list[ColumnDrift]) -> list[SingleValueMetric]:
    """The table of all columns, then each one drawn."""
    rows = drift_table(drifts)
    if not rows:
        return []
    table = DriftedColumns(
        header=list(rows[0]),
        rows=[["" if value is None else str(value) for value in row.values()] for row in rows],
        drifted=sum(drift.drifted for drift in drifts),
    )
    return [table, *(ColumnView(column=drift.column, drift=asdict(drift)) for drift in worst_first(drifts))]


def _series(finding: Finding) -> list[SingleValueMetric]:
    """What is to be followed from window to window."""
    about = {"kind": finding.kind, "subject": finding.subject}
    score = [] if finding.score is None else [Score(**about, score=finding.score)]
    return score if finding.threshold is None else [*score, Threshold(**about, threshold=finding.threshold)]


def _importance(finding: Finding) -> tuple[int, bool, float]:
    """To sort by, the most important first: drift of a column says less than what it leads to."""
    return _BEFORE.index(verdict_of(finding)), finding.kind == "drift", -finding.beyond


def _finding_row(finding: Finding) -> list[str]:
    score, threshold = ("" if value is None else f"{value:.4g}" for value in (finding.score, finding.threshold))
    return [finding.kind, finding.subject, verdict_of(finding), score, threshold, finding.message]
