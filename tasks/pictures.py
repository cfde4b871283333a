"""Pictures on the run's page."""

from __future__ import annotations

from datetime import datetime

from monitoring.drift import ColumnDrift
from platforms.windows import Windows
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.observation import Window
from tasks.seasons import seen_beside
from tasks.step import step
from tasks.story import tell_picture

WINDOWS_SHOWN = 40


@step(name="draw drift")
def show_drift(context: Context, reference: Holdout, window: Window, drift: list[ColumnDrift]) -> None:
    """Small multiples, a column each: reference and now."""
    from monitoring.picture import drift_picture

    svg = drift_picture(seen_beside(context, reference, window.inputs), window.inputs, drift)
    tell_picture(context, "drift-picture", "Reference and now, by column", svg)


@step(name="draw drift over time")
def show_drift_over_time(context: Context, windows: Windows, end: datetime) -> None:
    """Small multiples, a column each: its score over the last windows that share no rows, with their thresholds."""
    from monitoring.timeline import drift_over_time

    svg = drift_over_time(windows.over_time(end, WINDOWS_SHOWN))
    tell_picture(context, "drift-over-time", "Drift over time, by column", svg)
