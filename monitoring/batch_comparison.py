"""One batch scored by two versions, row by row: whether the new one may score the next batches by default.

Both scored the very same rows, so files and rows that only the new version cannot score are its own doing, and no
chance. Predictions and losses are held to the limits that hold while both are asked online (`monitoring.live`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.batch_default import BatchLimits, BatchVerdict
from lifecycle.metrics import Kind, predicts_numbers
from lifecycle.rollout import LiveLimits
from monitoring.live import SHARES, Outcome, Signal, compare_losses, compare_predictions
from monitoring.said import coded, said_values

FEWEST_ROWS = 50  # pairs, below which a comparison is inconclusive
MOST_CHANGES = 10  # told, the biggest first
_SAME = 1e-9  # what another processor may round otherwise, relative


@dataclass(frozen=True)
class BatchSight:
    """What became of the same files under both versions. Pairs are (version before, new version)."""

    files: int  # compared
    failed: Sequence[str]  # files that only the new version could not score
    scored: int  # rows that the version before scored
    lost: int  # of these, rows that the new version did not
    other: int  # of these, rows that the new version knows by another id: the input changed meanwhile
    rejected: tuple[int, int]  # rows
    before: pd.DataFrame  # what was said of the rows that both scored, one for one; correlation_id, file, row, …
    now: pd.DataFrame
    foretold: float  # how far apart the two versions' predictions of the same held-out rows are, 0..1
    losses: tuple[Any, Any] | None = None  # of labelled rows; None: there are none


def compare_batch(kind: Kind, sight: BatchSight, limits: BatchLimits, live: LiveLimits) -> list[Signal]:
    """Each signal, in the form in which a rollout's looks are told."""
    signals = [_files(sight), _rows(sight, limits.lost), _changed(kind, sight, limits.changed)]
    part = live.alpha / SHARES
    if live.predictions is not None:
        pair = coded(said_values(kind, sight.before), said_values(kind, sight.now))
        signals.append(compare_predictions(pair, live.predictions, sight.foretold, part))
    if live.losses is not None and sight.losses is not None:
        signals.append(compare_losses(sight.losses, live.losses, part))
    return signals


def verdict_of(signals: Sequence[Signal]) -> tuple[BatchVerdict, str]:
    """Accepted, refused or unclear, and why. What is surely worse weighs more than what is unclear."""
    worse, unclear = (
        "; ".join(f"{one.name}: {one.told}" for one in signals if one.outcome == outcome)
        for outcome in ("worse", "unclear")
    )
    if worse:
        return "refused", worse
    return ("unclear", unclear) if unclear else ("accepted", "; ".join(f"{one.name}: {one.told}" for one in signals))


def biggest_changes(kind: Kind, sight: BatchSight) -> list[dict[str, Any]]:
    """The rows whose predictions are furthest apart, the furthest first, as a table's rows."""
    if sight.before.empty:
        return []
    apart = _apart(kind, sight)
    order = np.argsort(-apart, kind="stable")[:MOST_CHANGES]
    before, now = said_values(kind, sight.before), said_values(kind, sight.now)
    return [
        {
            "file": sight.before["file"].iloc[place],
            "row": int(sight.before["row"].iloc[place]),
            "correlation_id": sight.before["correlation_id"].iloc[place],
            "before": _plain(before[place]),
            "now": _plain(now[place]),
        }
        for place in order
        if apart[place] > 0
    ]


def _files(sight: BatchSight) -> Signal:
    count = len(sight.failed)
    told = f"{count} of {sight.files} files fail that the version before scored"
    told += f", such as {', '.join(sight.failed[:3])}" if count else ""
    return Signal("files", str(sight.files), str(sight.files - count), told, "worse" if count else "fine")


def _rows(sight: BatchSight, limit: float | None) -> Signal:
    share = sight.lost / sight.scored if sight.scored else 0.0
    told = f"{sight.lost} of {sight.scored} rows that the version before scored have no answer ({share:.2%})"
    told += "" if limit is None else f", limit {limit:.2%}"
    told += f"; {sight.other} have another id, since their file was replaced" if sight.other else ""
    outcome: Outcome = "fine"
    if limit is not None and share > limit:
        outcome = "worse"
    elif len(sight.before) < FEWEST_ROWS:
        told, outcome = f"{len(sight.before)} rows were scored by both, and {FEWEST_ROWS} are needed", "unclear"
    shown = [f"{count} rejected" for count in sight.rejected]
    return Signal("rows", shown[0], shown[1], told, outcome)


def _changed(kind: Kind, sight: BatchSight, limit: float | None) -> Signal:
    pairs = len(sight.before)
    before, now = (frame["prediction"].to_numpy() for frame in (sight.before, sight.now))
    if predicts_numbers(kind):
        other = ~np.isclose(before.astype(float), now.astype(float), rtol=_SAME, atol=_SAME)
        apart = np.abs(before.astype(float) - now.astype(float))
        more = f"; they are {apart.mean():.4g} apart in the mean" if pairs else ""
    else:
        other, more = before.astype(str) != now.astype(str), ""
    share = float(other.mean()) if pairs else 0.0
    told = f"{int(other.sum())} of {pairs} rows have another prediction ({share:.2%}){more}"
    told += "" if limit is None else f", limit {limit:.2%}"
    outcome: Outcome = "worse" if limit is not None and share > limit else "fine"
    return Signal("changed", f"{pairs} rows", f"{int(other.sum())} otherwise", told, outcome)


def _apart(kind: Kind, sight: BatchSight) -> Any:
    """Of each pair how far apart the two are, shape (rows,): of classes without a probability 0 or 1."""
    before, now = said_values(kind, sight.before), said_values(kind, sight.now)
    if before.dtype.kind == "f" and now.dtype.kind == "f":
        return np.nan_to_num(np.abs(before - now))
    return (before.astype(str) != now.astype(str)).astype(float)


def _plain(value: Any) -> float | str:
    return float(value) if isinstance(value, float) else str(value)
