"""Are a window's data fit to learn from? The gate before a retraining: values missing, unreadable or not allowed.

Judged apart from drift, whose distances leave out what is missing. A model that is trained on broken data learns
the breakage, and its hold-out, broken alike, approves of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column
from lifecycle.findings import Finding
from monitoring.coercion import is_missing, to_booleans, to_categories, to_numbers

FLOOR = 0.05  # fewer unusable values more than in the reference are of no consequence


class UnusableShare(Frozen):
    """Shares of a column's values, 0..1."""

    missing: float
    forbidden: float

    @property
    def total(self) -> float:
        return self.missing + self.forbidden

    def __str__(self) -> str:
        return f"{self.missing:.1%} missing, {self.forbidden:.1%} unreadable or not allowed"


class FitnessReference(Frozen):
    """All that windows are held against, without a row: the shares by the column's name."""

    rows: int
    shares: dict[str, UnusableShare]


def fitness_reference(frame: pd.DataFrame, columns: Sequence[Column]) -> FitnessReference:
    """Of the reference's rows."""
    return FitnessReference(rows=len(frame), shares={column.name: _unusable(column, frame) for column in columns})


def fitness_findings(
    reference: pd.DataFrame | FitnessReference,
    current: pd.DataFrame,
    columns: Sequence[Column],
    *,
    minimum_rows: int,
    false_alarms: float = 0.005,
) -> list[Finding]:
    """One `quality` finding a column: by how much the share of unusable values (0..1) exceeds the reference's.

    Held against 0.05 or, where that is larger, what chance alone exceeds with the probability `false_alarms`, which
    the columns share evenly. A column that the window lacks altogether is unusable throughout.
    """
    if isinstance(reference, pd.DataFrame):
        reference = fitness_reference(reference, columns)
    share = false_alarms / max(1, len(columns))
    return [_finding(column, reference, current, minimum_rows, share) for column in columns]


def _finding(
    column: Column, reference: FitnessReference, current: pd.DataFrame, minimum_rows: int, false_alarms: float
) -> Finding:
    rows = len(current)
    conclusive = rows >= minimum_rows and reference.rows >= minimum_rows
    before, now = reference.shares[column.name], _unusable(column, current)
    excess = now.total - before.total
    threshold = max(FLOOR, _chance(before.total, reference.rows, rows, false_alarms)) if conclusive else FLOOR
    what = f"{now.total:.1%} of {column.name} is unusable ({now}), {before.total:.1%} in the reference"
    too_few = f"{column.name} cannot be judged: {min(rows, reference.rows)} rows are fewer than {minimum_rows}"
    return Finding(
        kind="quality",
        subject=column.name,
        score=excess,
        threshold=threshold,
        significant=conclusive and excess > threshold,
        conclusive=conclusive,
        message=what if conclusive else too_few,
        effect=excess,
        confidence=1 - false_alarms,
    )


def _unusable(column: Column, frame: pd.DataFrame) -> UnusableShare:
    if frame.empty:
        return UnusableShare(missing=0.0, forbidden=0.0)
    if column.name not in frame:
        return UnusableShare(missing=1.0, forbidden=0.0)
    missing = is_missing(frame[column.name])
    forbidden = ~missing & ~_allowed(column, frame[column.name])
    return UnusableShare(missing=float(missing.mean()), forbidden=float(forbidden.mean()))


def _allowed(column: Column, values: pd.Series) -> pd.Series:
    """Where a value can be read and may be what it is, bool."""
    if column.type == "category":
        words = to_categories(values)
        if column.values is None:
            return words.notna()
        return words.isin(to_categories(pd.Series(column.values, dtype=object)).tolist())
    if column.type == "boolean":
        return to_booleans(values).notna()
    numbers = to_numbers(values)
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    return numbers.between(low, high)


def _chance(rate: float, reference_rows: int, rows: int, false_alarms: float) -> float:
    """The excess of one share over another that chance surpasses with that probability: normal approximation."""
    rate = (rate * reference_rows + 0.5) / (reference_rows + 1)  # a reference without any does not claim certainty
    deviation = math.sqrt(rate * (1 - rate) * (1 / rows + 1 / reference_rows))
    return NormalDist().inv_cdf(1 - false_alarms) * deviation
