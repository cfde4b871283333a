"""Which rows a retraining would learn from, and whether they suffice: told where one is thought of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from lifecycle.alarms import MEMORY, Span
from lifecycle.decision import losses
from lifecycle.findings import Finding
from lifecycle.metrics import predicts_numbers
from lifecycle.sufficiency import enough_rows, grown_to, too_few_since
from lifecycle.tags import DATASET, LEARNT_SINCE
from lifecycle.windows import Alarm, History
from monitoring.onset import onset
from monitoring.performance import join_labels, labelled_outcomes
from monitoring.row_losses import row_losses
from platforms.labels import read_labels
from platforms.ports import RegisteredModel
from tasks.context import Context
from tasks.datasets import read_manifest
from tasks.observation import CLOCKS_APART, predictions_between
from tasks.spans import served_since


@dataclass(frozen=True)
class Learnable:
    """since: the world before was another; None: all rows are of one, or nobody knows better. too_few, grown: see
    `lifecycle.sufficiency`."""

    since: datetime | None = None
    too_few: str | None = None
    grown: str | None = None


def learnable(
    context: Context,
    champion: RegisteredModel,
    span: Span,
    findings: Sequence[Finding],
    alarms: Sequence[Alarm],
    history: History,
) -> Learnable:
    """After a loss, the rows since it began. Else those of the world that the champion learnt from.

    A series is learnt from whole, since its lags and seasons reach back.
    """
    if context.workload.forecast is not None:
        return Learnable()
    if lost := losses(findings, alarms):
        began = _loss_began(context, champion, span, lost, history)
        trained_on = read_manifest(context.platform.blobs, context.name, champion.tags[DATASET])
        enough = enough_rows(trained_on.raw_rows + trained_on.labelled_rows)
        return Learnable(began, _too_few(context, began, span.end, enough))
    since = learnt_since(champion)
    return Learnable(since, grown=None if since is None else _grown(context, champion, since, span.end))


def learnt_since(champion: RegisteredModel) -> datetime | None:
    """Since when the rows are that it learnt from; None: of whenever."""
    told = champion.tags.get(LEARNT_SINCE)
    return datetime.fromisoformat(told) if told else None


def _loss_began(
    context: Context, champion: RegisteredModel, span: Span, lost: Sequence[Alarm], history: History
) -> datetime:
    """By the labels where they show the loss, else by the estimates of the windows before."""
    if any(alarm.kind == "performance" for alarm in lost):
        return _labels_fell(context, champion, span)
    began = span.start
    for record in history.before(span.end):
        estimated = [found for found in record.findings if found.kind == "estimate"]
        if record.model_version != span.model_version or not any(found.significant for found in estimated):
            break
        began = min(began, record.start)
    return began


def _labels_fell(context: Context, champion: RegisteredModel, span: Span) -> datetime:
    """When the first prediction was made of those whose losses are higher; the first at all where no rise is shown."""
    monitor, kind = context.workload.monitor, context.workload.kind
    start = span.end - (monitor.labels_within or timedelta(0)) - MEMORY * monitor.window
    served = served_since(champion)
    start = start if served is None else max(start, served)
    made = predictions_between(context, start, span.end)
    ours = made[made["model_version"] == champion.version]
    labelled = join_labels(ours, _labels(context, start)).frame.sort_values("time", kind="stable", ignore_index=True)
    rows, outcomes = labelled_outcomes(kind, labelled)
    if rows.empty:
        return start
    began: datetime = rows["time"].iloc[onset(row_losses(outcomes, predicts_numbers(kind)))].to_pydatetime()
    return began


def _too_few(context: Context, since: datetime, end: datetime, enough: int) -> str | None:
    """Raw files that came since hold nobody knows how many rows: with them there is no waiting for predictions'."""
    if any(context.platform.blobs.list(context.workload.data.raw, since)):
        return None
    return too_few_since(_labelled_rows(context, since, end), enough)


def _grown(context: Context, champion: RegisteredModel, since: datetime, end: datetime) -> str | None:
    """Beside what was last trained on: by the champion, or by a candidate that it won against."""
    versions = context.platform.models.versions(context.name)
    tried = {one.tags[DATASET] for one in versions if one.version >= champion.version and DATASET in one.tags}
    rows = [read_manifest(context.platform.blobs, context.name, dataset).rows for dataset in tried]
    return grown_to(max(rows, default=0), _labelled_rows(context, since, end))


def _labelled_rows(context: Context, since: datetime, end: datetime) -> int:
    """Predictions of any version that were made in [since, end) and have a label."""
    made = predictions_between(context, since, end)["correlation_id"].astype(str).drop_duplicates()
    known = _labels(context, since).dropna(subset=["label"])["correlation_id"].astype(str)
    return int(made.isin(known).sum())


def _labels(context: Context, since: datetime) -> pd.DataFrame:
    return read_labels(context.platform.blobs, context.name, since=since - CLOCKS_APART)
