"""What production was asked lately, beside what its model was trained on: from a window to findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from lifecycle.findings import Finding
from lifecycle.tags import DATASET
from monitoring.drift import ColumnDrift, score_columns
from monitoring.fitness import fitness_findings
from monitoring.performance import Joined, Realised, degradation_limit, has_degraded, join_labels, realised
from monitoring.profile import reference_profile
from platforms.labels import read_labels
from platforms.ports import RegisteredModel
from tasks.backtest import promised_at_worst
from tasks.context import Context
from tasks.datasets import Holdout, read_manifest
from tasks.endpoints import PROBE
from tasks.registration import metrics_of
from tasks.seasons import seasonal_drift
from tasks.step import step

CONFIDENCE = 0.99  # of the interval of a realised metric


@dataclass(frozen=True)
class Window:
    """The champion's predictions of [start, end), and the labels that have come for them."""

    start: datetime
    end: datetime
    predictions: pd.DataFrame
    joined: Joined

    @property
    def inputs(self) -> pd.DataFrame:
        """What was asked, a column a feature."""
        return pd.DataFrame(list(self.predictions["inputs"]))


@step(name="read window")
def read_window(context: Context, champion: RegisteredModel, start: datetime, end: datetime) -> Window:
    """The window's predictions by the champion, joined with labels by correlation id."""
    predictions = context.platform.predictions.between(context.name, start, end)
    ours = predictions["correlation_id"].astype(str).str.startswith(PROBE)
    predictions = predictions[~ours & (predictions["model_version"] == champion.version)]
    predictions = predictions.drop_duplicates("correlation_id").reset_index(drop=True)
    labels = read_labels(context.platform.blobs, context.name)
    return Window(start, end, predictions, join_labels(predictions, labels))


@step(name="check drift")
def check_drift(context: Context, reference: Holdout, window: Window) -> list[ColumnDrift]:
    """Every feature's drift against the champion's hold-out."""
    if window.predictions.empty:
        return []
    if reference.manifest.forecast is not None:
        return seasonal_drift(context, reference, window.inputs)
    columns = reference.manifest.columns
    profile = reference_profile(reference.features, columns)
    return score_columns(profile, window.inputs, minimum_rows=context.workload.monitor.minimum_rows)


@step(name="check data quality")
def check_fitness(context: Context, reference: Holdout, window: Window) -> list[Finding]:
    """Whether the window's data could be learnt from, column by column."""
    if window.predictions.empty:
        return []
    minimum = context.workload.monitor.minimum_rows
    return fitness_findings(reference.features, window.inputs, reference.manifest.columns, minimum_rows=minimum)


@step(name="check performance")
def check_performance(context: Context, champion: RegisteredModel, window: Window) -> Finding:
    """The realised metric, where enough labels have come, against what the champion promised."""
    workload = context.workload
    metric = workload.metric
    promised = promised_at_worst(champion, metric, metrics_of(champion).get(metric))
    measured = realised(
        workload.kind,
        window.joined,
        metric,
        terms=read_manifest(context.platform.blobs, context.name, champion.tags[DATASET]).terms,
        minimum_rows=workload.monitor.minimum_rows,
        confidence=CONFIDENCE,
    )
    degraded = None if promised is None else has_degraded(promised, measured, workload.monitor.tolerance)
    return Finding(
        kind="performance",
        subject=metric,
        score=measured.value,
        threshold=None if promised is None else degradation_limit(metric, promised, workload.monitor.tolerance),
        significant=degraded is True,
        conclusive=degraded is not None,
        message=_told(metric, promised, measured),
        effect=None if promised is None or measured.value is None else measured.value - promised,
        confidence=CONFIDENCE if measured.conclusive else None,
    )


def _told(metric: str, promised: float | None, measured: Realised) -> str:
    if promised is None:
        return f"the champion promised no {metric}"
    if measured.value is None or measured.low is None or measured.high is None:
        return f"{metric} cannot be told: {measured.reason}"
    interval = f"{measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]"
    return f"{metric} is {interval} on {measured.rows} labels, promised {promised:.3f}"


def as_rows(drift: list[ColumnDrift]) -> list[dict[str, Any]]:
    """For the table on the run's page, the worst first."""
    return [
        {
            "column": column.column,
            "statistic": column.statistic,
            "score": _rounded(column.score),
            "threshold": _rounded(column.threshold),
            "missing": f"{column.missing_rate:.1%}",
            "verdict": _verdict(column),
        }
        for column in sorted(drift, key=_badness, reverse=True)
    ]


def _badness(column: ColumnDrift) -> float:
    return column.score / column.threshold if column.score is not None and column.threshold else 0.0


def _verdict(column: ColumnDrift) -> str:
    if column.drifted:
        return "DRIFTED"
    return "steady" if column.conclusive else f"inconclusive: {column.reason}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
