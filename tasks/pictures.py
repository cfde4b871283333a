"""Pictures of drift: on the run's page at once, and the Evidently report as a file, off the critical path."""

from __future__ import annotations

import base64
import os

from lifecycle.names import report_prefix
from monitoring.drift import ColumnDrift
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.observation import Window
from tasks.step import step
from tasks.story import tell, tell_link


@step(name="draw drift")
def show_drift(context: Context, reference: Holdout, window: Window, drift: list[ColumnDrift]) -> None:
    """Small multiples, a column each: reference and now."""
    from monitoring.picture import drift_picture

    svg = drift_picture(reference.features, window.inputs, drift)
    encoded = base64.b64encode(svg.encode()).decode()
    tell(context, "drift-picture", f"![Reference and now, by column](data:image/svg+xml;base64,{encoded})")


@step(name="write Evidently report")
def write_report(
    context: Context, run_id: str, reference: Holdout, window: Window, drift: list[ColumnDrift], key: str
) -> str:
    """The window's report in the blob store and, to be looked at, with the model's run; its name in the store."""
    os.nice(10)  # the decision is out: what it has started goes first
    from monitoring.report import evidently_report

    columns = reference.manifest.columns
    html = evidently_report(reference.features, window.inputs[reference.manifest.features], columns, drift)
    name = f"{report_prefix(context.name)}{key}.html"
    context.platform.blobs.write(name, html.encode())
    url = context.platform.models.log_text(run_id, html, f"reports/{key}.html")
    tell_link(context, "evidently-report", url, "The Evidently report of this window")
    return name
