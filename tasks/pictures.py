"""Pictures of drift: on the run's page at once, and the Evidently report as a file, off the critical path."""

from __future__ import annotations

import base64
import os
from datetime import datetime

from lifecycle.names import report_blob, report_prefix
from monitoring.drift import ColumnDrift
from platforms.investigations import Investigations
from platforms.windows import Windows
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.observation import Window
from tasks.seasons import seen_beside
from tasks.step import step
from tasks.story import now, tell, tell_link

WINDOWS_SHOWN = 40


@step(name="draw drift")
def show_drift(context: Context, reference: Holdout, window: Window, drift: list[ColumnDrift]) -> None:
    """Small multiples, a column each: reference and now."""
    from monitoring.picture import drift_picture

    svg = drift_picture(seen_beside(context, reference, window.inputs), window.inputs, drift)
    _tell_picture(context, "drift-picture", "Reference and now, by column", svg)


@step(name="draw drift over time")
def show_drift_over_time(context: Context, windows: Windows, end: datetime) -> None:
    """Small multiples, a column each: its score over the last windows that share no rows, with their thresholds."""
    from monitoring.timeline import drift_over_time

    svg = drift_over_time(windows.over_time(end, WINDOWS_SHOWN))
    _tell_picture(context, "drift-over-time", "Drift over time, by column", svg)


@step(name="write Evidently report")
def write_report(
    context: Context, run_id: str, reference: Holdout, window: Window, drift: list[ColumnDrift], key: str
) -> str:
    """The window's report in the blob store and, to be looked at, with the model's run; its name in the store."""
    os.nice(10)  # the decision is out: what it has started goes first
    from monitoring.report import evidently_report

    columns = reference.manifest.columns
    beside = seen_beside(context, reference, window.inputs)
    html = evidently_report(beside, window.inputs[reference.manifest.features], columns, drift)
    name = report_blob(context.name, key)
    context.platform.blobs.write(name, html.encode())
    url = context.platform.models.log_text(run_id, html, f"reports/{key}.html")
    tell_link(context, "evidently-report", url, "The Evidently report of this window")
    return name


@step(name="prune reports")
def prune_reports(context: Context) -> int:
    """Delete reports older than the workload keeps them, but for those of open investigations; how many."""
    keep = context.workload.monitor.keep_reports
    if keep is None:
        return 0
    blobs, oldest = context.platform.blobs, now() - keep
    old = [blob.name for blob in blobs.list(report_prefix(context.name)) if blob.modified < oldest]
    needed = {one.report for one in Investigations(blobs, context.name).opened()} if old else set()
    gone = [name for name in old if name not in needed]
    for name in gone:
        blobs.delete(name)
    return len(gone)


def _tell_picture(context: Context, subject: str, text: str, svg: str) -> None:
    encoded = base64.b64encode(svg.encode()).decode()
    tell(context, subject, f"![{text}](data:image/svg+xml;base64,{encoded})")
