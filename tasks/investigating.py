"""Investigations opened for what nobody looks into yet, and closed when what they are about is over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from lifecycle.findings import Finding
from lifecycle.investigation import (
    Closing,
    Investigation,
    Segment,
    Slice,
    closed_by_policy,
    investigation_id,
    not_investigated,
)
from lifecycle.names import predictions_prefix, report_blob
from lifecycle.tags import DATASET
from lifecycle.ticket import ticket
from lifecycle.windows import Alarm
from platforms.investigations import Investigations
from platforms.ports import RegisteredModel
from platforms.windows import Windows
from tasks.clock import now
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.judgement import Judgement
from tasks.observation import Window
from tasks.step import step
from tasks.story import emit, record, tell, this_run

_FLUSH = timedelta(minutes=5)  # a row's blob is written some time after it


@step(name="open investigation")
def open_investigation(
    context: Context,
    champion: RegisteredModel,
    reference: Holdout,
    window: Window,
    judgement: Judgement,
    evidence: str,
    report: bool,
) -> str | None:
    """The id of the investigation that these alarms opened; None where nothing is to be investigated, or is already.

    report: an Evidently report of the window is going to be written.
    """
    if "investigate" not in judgement.decision.actions:
        return None
    store = Investigations(context.platform.blobs, context.name)
    identity = investigation_id(champion.version, judgement.key)
    others = [one for one in store.opened() if one.id != identity]
    alarms = not_investigated(judgement.judged.raised, others, champion.version)
    if not alarms:
        return None
    one = Investigation(
        id=identity,
        workload=context.name,
        opened_at=judgement.span.end,
        alarms=tuple(alarms),
        slice=_slice(context, champion, window),
        segments=tuple(_segments(reference, window, alarms)),
        report=report_blob(context.name, judgement.key) if report else None,
        evidence=evidence,
    )
    store.open(one)
    _tell_opened(context, one)
    return one.id


@step(name="close investigations")
def close_investigations(context: Context, champion: RegisteredModel, windows: Windows, end: datetime) -> list[str]:
    """Close those whose policy says that they are over; their ids. windows: with the record of this window."""
    store = Investigations(context.platform.blobs, context.name)
    closed = []
    for one in store.opened():
        because = closed_by_policy(one, champion.version, end, context.workload.monitor, windows)
        if because is not None and store.close(Closing(id=one.id, closed_at=now(), by="policy", because=because)):
            tell_closed(context, one, because, by="policy")
            closed.append(one.id)
    return closed


def tell_closed(context: Context, one: Investigation, because: str, by: str) -> None:
    """In the ledger, and as an event."""
    summary = f"Investigation {one.id} was closed: {because}."
    record(context, "closed", one.id, summary, by=by, model_version=one.slice.model_version)
    emit(context, "perennial.investigation.closed", one.id, {"investigation": one.id, "message": because})


def _tell_opened(context: Context, one: Investigation) -> None:
    tell(context, "investigation", ticket(one))
    record(
        context,
        "investigated",
        one.id,
        f"Investigation {one.id} was opened: {one.title}.",
        by=this_run(),
        model_version=one.slice.model_version,
        dataset_version=one.slice.dataset_version,
        evidence={"investigation": one.model_dump(mode="json")},
    )
    told = {"investigation": one.id, "title": one.title, "model_version": one.slice.model_version}
    emit(context, "perennial.investigation.opened", one.id, told)


def _slice(context: Context, champion: RegisteredModel, window: Window) -> Slice:
    return Slice(
        endpoint=context.name,
        start=window.start,
        end=window.end,
        model_version=champion.version,
        dataset_version=champion.tags[DATASET],
        rows=len(window.predictions),
        blobs=tuple(
            blob.name
            for blob in context.platform.blobs.list(predictions_prefix(context.name), since=window.start)
            if blob.modified < window.end + _FLUSH
        ),
    )


def _segments(reference: Holdout, window: Window, alarms: Sequence[Alarm | Finding]) -> list[Segment]:
    """Of the columns that the alarms are about, or of all where they are about none."""
    from monitoring.segments import suspect_segments

    if window.predictions.empty:
        return []
    columns = reference.manifest.columns
    named = [column for column in columns if any(_is_about(alarm.subject, column.name) for alarm in alarms)]
    suspects = named or list(columns)
    return suspect_segments(reference.features, window.inputs, suspects)


def _is_about(subject: str, column: str) -> bool:
    """Whether a finding's subject is the column, or names it: `missing values of age`, `roc_auc by age (ratio)`."""
    return subject == column or re.search(rf" (of|by) {re.escape(column)}( \(.*\))?$", subject) is not None
