"""What production was asked lately, and the table of how its columns drifted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from monitoring.label_arrival import newly_labelled
from monitoring.performance import Joined, join_labels
from platforms.labels import read_labels
from platforms.ports import RegisteredModel
from tasks.context import Context
from tasks.endpoints import PROBE
from tasks.step import step

CLOCKS_APART = timedelta(hours=1)  # that of whoever wrote a prediction and the blob store's, at most


@dataclass(frozen=True)
class Window:
    """The champion's predictions of [start, end), and labelled ones: of the window or, where labels come late, those
    whose labels came in it."""

    start: datetime
    end: datetime
    predictions: pd.DataFrame
    joined: Joined

    @property
    def inputs(self) -> pd.DataFrame:
        """What was asked, a column a feature."""
        return inputs_of(self.predictions)


def predictions_between(context: Context, start: datetime, end: datetime, copies: bool = False) -> pd.DataFrame:
    """What people asked in [start, end), and not the probes of our own; with copies, what a mirror answered, too."""
    made = context.platform.predictions.between(context.name, start, end, copies)
    return made[~made["correlation_id"].astype(str).str.startswith(PROBE)]


def inputs_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """What was asked in them, a column a feature."""
    return pd.DataFrame(list(predictions["inputs"]))


@step(name="read window")
def read_window(context: Context, champion: RegisteredModel, start: datetime, end: datetime) -> Window:
    """The window's predictions by the champion, joined with labels by correlation id; see `monitor.labels_within`."""
    monitor = context.workload.monitor
    since = start - (monitor.labels_within or timedelta(0))
    made = predictions_between(context, since, end)
    made = made[made["model_version"] == champion.version].drop_duplicates("correlation_id")
    predictions = made[made["time"] >= start].reset_index(drop=True)
    joined = join_labels(made, read_labels(context.platform.blobs, context.name, since=since - CLOCKS_APART))
    if monitor.labels_within:
        joined = replace(joined, frame=newly_labelled(joined.frame, start, end, monitor.minimum_rows))
    return Window(start, end, predictions, joined)
