"""Predictions chosen for people to label, in a file that becomes a file of labels as soon as it is filled in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.names import annotation_blob
from monitoring.performance import KEY, join_labels
from platforms.labels import read_labels
from tasks.context import Context
from tasks.observation import predictions_between
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 50


@dataclass(frozen=True)
class Chosen:
    """blob: where they lie, none where there was nothing to choose. rows: how many of the unlabelled."""

    blob: str | None
    rows: int
    unlabelled: int


@step(name="choose predictions to label")
def choose_predictions(context: Context, key: str, start: datetime, end: datetime, rows: int | None) -> Chosen:
    """At random, so that what their labels say holds of the window; as many as performance by labels still wants.

    Rows that are hard for the model would teach it more, and would make it look worse than it is. The same key
    chooses the same predictions and writes them once.
    """
    predictions = predictions_between(context, start, end).drop_duplicates(KEY)
    labelled = join_labels(predictions, read_labels(context.platform.blobs, context.name)).frame
    waiting = predictions[~predictions[KEY].astype(str).isin(labelled[KEY])]
    wanted = rows or max(FEWEST, context.workload.monitor.minimum_rows - len(labelled))
    chosen = waiting.sample(min(wanted, len(waiting)), random_state=0).sort_values("time")
    if chosen.empty:
        return Chosen(None, 0, 0)
    blob = annotation_blob(context.name, key)
    context.platform.blobs.put_if_absent(blob, "".join(_line(row) for _, row in chosen.iterrows()).encode())
    return Chosen(blob, len(chosen), len(waiting))


def _line(row: pd.Series) -> str:
    """A label's line, with `label` and `observed_at` to be filled in; what was predicted is not told, lest it lead."""
    told = {KEY: row[KEY], "label": None, "observed_at": None, "time": row["time"].isoformat(), "inputs": row["inputs"]}
    return json.dumps(told) + "\n"
