"""What production was asked lately, beside what its model was trained on: from a window to findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from monitoring.drift import ColumnDrift, reference_profile, score_columns
from prefect import task

from lifecycle.findings import Finding
from monitoring.performance import Realised, has_degraded, join_labels, realised
from platforms.ports import RegisteredModel
from platforms.prediction_log import PredictionLog
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.endpoints import PROBE
from tasks.registration import metrics_of


@dataclass(frozen=True)
class Window:
    """The champion's predictions of [start, end), and the labels that have come for them."""

    start: datetime
    end: datetime
    predictions: pd.DataFrame
    joined: pd.DataFrame
    labelled_share: float

    @property
    def inputs(self) -> pd.DataFrame:
        """What was asked, a column a feature."""
        return pd.DataFrame(list(self.predictions["inputs"]))


@task(name="read window")
def read_window(context: Context, champion: RegisteredModel, start: datetime, end: datetime) -> Window:
    """The window's predictions by the champion, joined with labels by correlation id."""
    log = PredictionLog(context.platform.blobs)
    predictions = log.predictions(context.name, start, end)
    ours = predictions["correlation_id"].astype(str).str.startswith(PROBE)
    predictions = predictions[~ours & (predictions["model_version"] == champion.version)]
    predictions = predictions.drop_duplicates("correlation_id").reset_index(drop=True)
    joined, share = join_labels(predictions, log.labels(context.name))
    return Window(start, end, predictions, joined, share)


@task(name="check drift")
def check_drift(context: Context, reference: Holdout, window: Window) -> list[ColumnDrift]:
    """Every feature's drift against the champion's hold-out."""
    if window.predictions.empty:
        return []
    columns = reference.manifest.columns
    profile = reference_profile(reference.features, columns)
    return score_columns(profile, window.inputs, minimum_rows=context.workload.monitor.minimum_rows)


@task(name="check performance")
def check_performance(context: Context, champion: RegisteredModel, window: Window) -> tuple[Realised | None, Finding]:
    """The realised metric, where enough labels have come, against what the champion promised."""
    workload = context.workload
    metric = workload.metric
    promised = metrics_of(champion).get(metric)
    if promised is None or len(window.joined) < workload.monitor.minimum_rows:
        message = f"{metric}: {len(window.joined)} labels of {workload.monitor.minimum_rows} wanted"
        return None, _performance(metric, 0.0, promised or 0.0, None, message)
    measured = realised(workload.kind, window.joined, metric)
    degraded = has_degraded(promised, measured, workload.monitor.tolerance)
    message = (
        f"{metric} is {measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}] "
        f"on {measured.rows} labels, promised {promised:.3f}"
    )
    return measured, _performance(metric, measured.value, promised, degraded, message)


def drift_findings(drift: list[ColumnDrift]) -> list[Finding]:
    """A finding a column."""
    return [
        Finding(
            kind="drift",
            subject=column.column,
            score=column.score,
            threshold=column.threshold,
            significant=bool(column.drifted),
            conclusive=column.drifted is not None,
            message=f"{column.column} drifted ({column.score:.3f}, threshold {column.threshold:.3f})"
            if column.drifted
            else f"{column.column} did not drift",
        )
        for column in drift
    ]


def _performance(metric: str, score: float, promised: float, degraded: bool | None, message: str) -> Finding:
    return Finding(
        kind="performance",
        subject=metric,
        score=score,
        threshold=promised,
        significant=degraded is True,
        conclusive=degraded is not None,
        message=message,
    )


def as_rows(drift: list[ColumnDrift]) -> list[dict[str, Any]]:
    """For the table on the run's page, the worst first."""
    ordered = sorted(drift, key=lambda column: -(column.score / column.threshold if column.threshold else 0.0))
    verdict = {True: "DRIFTED", False: "no drift", None: "inconclusive"}
    return [
        {
            "column": column.column,
            "score": round(column.score, 4),
            "threshold": round(column.threshold, 4),
            "missing": round(column.missing_rate, 4),
            "verdict": verdict[column.drifted],
        }
        for column in ordered
    ]
