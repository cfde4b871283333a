"""The Evidently report of a window: drawn when the decision is out, at low priority, and kept while it is wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from prefect import runtime
from prefect.logging import get_run_logger

from lifecycle.names import report_blob, report_key, report_prefix, snapshot_blob
from platforms.investigations import Investigations
from platforms.ports import NotFound, RegisteredModel
from tasks.clock import now
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.pending_reports import PendingReport, PendingReports
from tasks.seasons import seen_beside
from tasks.step import step
from tasks.story import tell_link_of

if TYPE_CHECKING:
    from monitoring.drift import ColumnDrift
    from tasks.judgement import Judgement
    from tasks.observation import Window

NICE = 10  # what the decision has started goes first
ABANDONED = timedelta(minutes=10)  # a report takes seconds: whoever noted it so long ago is not drawing it
AT_ONCE = 3  # of those that killed runs left: they come late already


@step(name="write Evidently report")
def write_report(
    context: Context,
    champion: RegisteredModel,
    reference: Holdout,
    window: Window,
    drift: list[ColumnDrift],
    judgement: Judgement,
) -> str:
    """The window's report, and those that killed runs left undrawn; its name in the store.

    It is kept there and, to be looked at, with the model's run, and linked from the page of the run that monitored.
    Lowers the priority of the process for good: it is the last thing that a run does.
    """
    from monitoring.report import judged_columns, sample_of

    if hasattr(os, "nice"):
        os.nice(NICE)
    pending = PendingReports(context.platform.blobs, context.name)
    now_seen = window.inputs
    then_seen = seen_beside(context, reference, now_seen)
    rows = [sample_of(frame, judged_columns(drift)) for frame in (now_seen, then_seen)]
    pending.note(_pending(champion, window, drift, judgement), *rows)
    left = [key for key in pending.left_before(now() - ABANDONED) if key != judgement.key]
    name = _draw(context, pending, judgement.key)
    for key in left[:AT_ONCE]:
        try:
            _draw(context, pending, key)
        except Exception:
            get_run_logger().exception("The report of window %s, which a killed run left, cannot be drawn.", key)
    return name


@step(name="prune reports")
def prune_reports(context: Context) -> int:
    """Delete reports older than the workload keeps them, but for those of open investigations; how many.

    The copy with the model's run goes first: were the run killed in between, the blob would tell of it the next time.
    """
    keep = context.workload.monitor.keep_reports
    if keep is None:
        return 0
    blobs, oldest = context.platform.blobs, now() - keep
    old = [blob.name for blob in blobs.list(report_prefix(context.name)) if blob.modified < oldest]
    needed = {one.report for one in Investigations(blobs, context.name).opened()} if old else set()
    kept = {report_key(report) for report in needed if report is not None}
    gone = [name for name in old if report_key(name) not in kept]
    for name in gone:
        if name == report_blob(context.name, report_key(name)):
            _forget_copy(context, report_key(name))
        blobs.delete(name)
    return len(gone)


def _forget_copy(context: Context, key: str) -> None:
    """The one with the model's run; the key begins with the model's version."""
    version = key.partition("-")[0]
    if version.isdigit():
        with suppress(NotFound):
            run_id = context.platform.models.get(context.name, int(version)).run_id
            context.platform.models.delete_text(run_id, _artifact(key))


def _pending(
    champion: RegisteredModel, window: Window, drift: list[ColumnDrift], judgement: Judgement
) -> PendingReport:
    return PendingReport(
        key=judgement.key,
        start=window.start,
        end=window.end,
        rows=len(window.predictions),
        labelled=len(window.joined.frame),
        model_version=champion.version,
        run_id=champion.run_id,
        decision=judgement.decision.action,
        flow_run=runtime.flow_run.id,
        findings=judgement.findings,
        drift=tuple(asdict(column) for column in drift),
    )


def _draw(context: Context, pending: PendingReports, key: str) -> str:
    """Draw what was noted under the key, keep it and link it; the name of the report in the store."""
    from monitoring.report import evidently_report

    name = report_blob(context.name, key)
    found = pending.get(key)
    if found is None:
        return name
    note, window, reference = found
    title = f"{context.name}: {note.start:%Y-%m-%d %H:%M} to {note.end:%Y-%m-%d %H:%M} UTC"
    report = evidently_report(title, note.end, _facts(note), note.findings, note.drifts, reference, window)
    blobs = context.platform.blobs
    if context.workload.monitor.evidently_ui:
        blobs.write(snapshot_blob(context.name, key), report.snapshot.encode())
    blobs.write(name, report.html.encode())
    url = context.platform.models.log_text(note.run_id, report.html, _artifact(key))
    tell_link_of(context, note.flow_run, "evidently-report", url, "The Evidently report of this window")
    pending.drawn(key)
    return name


def _artifact(key: str) -> str:
    return f"reports/{key}.html"


def _facts(note: PendingReport) -> Mapping[str, str]:
    return {
        "model version": str(note.model_version),
        "predictions": f"{note.rows:,}",
        "labelled": f"{note.labelled:,}",
        "decision": note.decision.replace("_", " "),
    }
