"""Is a window's data broken, whatever its distribution? Shares of invalid values, new categories and copied rows.

Drift scores drop what they cannot read, so this is judged apart. A share is held against the reference's own, with what
chance and batches make of it: rows that are broken come together, so the spread of the share over contiguous blocks of
the reference widens the threshold. What is plausible and wrong is not seen. Missing values are judged by drift.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column
from monitoring.coercion import is_missing, to_booleans, to_categories, to_numbers
from monitoring.errors import require_columns
from monitoring.judgement import Judgement, inconclusive

MINIMUM_ROWS = 300
BLOCK = 300  # rows among which copies are looked for, so that a large window has no more of them than a small one
FLOOR = 0.01  # a share that rose by less is of no consequence
_VALUES = 1000  # of a column with more categories, new ones are the usual
_FEWEST_BLOCKS = 4


class QualityShare(Frozen):
    """How many rows of the reference a check calls bad. dispersion: the variance of the share over contiguous blocks
    over that of independent rows, at least 1."""

    subject: str
    bad: int
    dispersion: float


class QualityReference(Frozen):
    """What a window's quality is held against. values: the categories of the columns that list none themselves."""

    rows: int
    columns: tuple[Column, ...]
    values: dict[str, tuple[str, ...]]
    shares: tuple[QualityShare, ...]


def quality_reference(frame: pd.DataFrame, columns: Sequence[Column]) -> QualityReference:
    """From rows as they come, the oldest first. Raises SchemaMismatch where a column is missing."""
    require_columns(
        [column.name for column in columns],
        [str(name) for name in frame.columns],
        expected=[str(name) for name in frame.columns],
    )
    values = {}
    for column in columns:
        if column.type == "category" and column.values is None:
            known = sorted(set(to_categories(frame[column.name]).dropna()))
            if len(known) <= _VALUES:
                values[column.name] = tuple(known)
    shares = tuple(
        QualityShare(subject=subject, bad=int(bad.sum()), dispersion=_dispersion(bad))
        for subject, bad in _checks(frame, columns, values)
    )
    return QualityReference(rows=len(frame), columns=tuple(columns), values=values, shares=shares)


def judge_quality(
    reference: QualityReference,
    current: pd.DataFrame,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    floor: float = FLOOR,
    false_alarms: float = 0.005,
) -> list[Judgement]:
    """A judgement for each check: of a column's validity, of its new categories, of copied rows.

    false_alarms: the probability that a window as good as the reference alarms in any of them (Bonferroni). Raises
    SchemaMismatch where the window lacks a column.
    """
    names = [column.name for column in reference.columns]
    require_columns(names, [str(name) for name in current.columns], expected=[str(name) for name in current.columns])
    each = false_alarms / max(1, len(reference.shares))
    found = dict(_checks(current, reference.columns, reference.values))
    return [
        _judged(share, reference.rows, found[share.subject], minimum_rows, floor, each) for share in reference.shares
    ]


def _judged(
    share: QualityShare, reference_rows: int, bad: np.ndarray, minimum: int, floor: float, false_alarms: float
) -> Judgement:
    rows = len(bad)
    for size, what in ((rows, "the window"), (reference_rows, "the reference")):
        if size < minimum:
            told = f"{share.subject} cannot be judged: {what} holds {size} rows, fewer than {minimum}"
            return inconclusive(share.subject, told)
    usual, now = share.bad / reference_rows, float(bad.mean())
    # Half a row is added, so that a reference without any does not claim certainty.
    rate = (share.bad + 0.5) / (reference_rows + 1)
    deviation = math.sqrt(share.dispersion * rate * (1 - rate) * (1 / rows + 1 / reference_rows))
    threshold = usual + max(floor, NormalDist().inv_cdf(1 - false_alarms) * deviation)
    message = f"{share.subject} in {now:.2%} of {rows} rows, {usual:.2%} in the reference, threshold {threshold:.2%}"
    return Judgement(share.subject, now, threshold, now > threshold, True, message)


def _checks(
    frame: pd.DataFrame, columns: Sequence[Column], values: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, np.ndarray]]:
    """What is checked, and which rows are bad by it, shape (rows,), bool."""
    for column in columns:
        yield f"invalid values of {column.name}", _invalid(frame[column.name], column).to_numpy(dtype=bool)
        if column.name in values:
            text = to_categories(frame[column.name])
            yield (
                f"new categories of {column.name}",
                (text.notna() & ~text.isin(values[column.name])).to_numpy(dtype=bool),
            )
    yield "copied rows", _copied(frame[[column.name for column in columns]])


def _invalid(values: pd.Series, column: Column) -> pd.Series:
    """Where a value stands that is not of the type, the range or the list."""
    present = ~is_missing(values)
    if column.type == "category":
        text = to_categories(values)
        if column.values is None:
            return present & text.isna()
        return present & ~text.isin(to_categories(pd.Series(column.values, dtype=object)).tolist())
    if column.type == "boolean":
        return present & to_booleans(values).isna()
    numbers = to_numbers(values)
    bad = numbers.isna()
    if column.type == "integer":
        bad |= numbers % 1 != 0
    if column.minimum is not None:
        bad |= numbers < column.minimum
    if column.maximum is not None:
        bad |= numbers > column.maximum
    return present & bad


def _copied(frame: pd.DataFrame) -> np.ndarray:
    """Rows that copy one shortly before them."""
    blocks = np.arange(len(frame)) // BLOCK
    try:
        return frame.assign(__block=blocks).duplicated().to_numpy()
    except TypeError:  # lists and mappings, which JSON lines may hold, cannot be hashed; their text can
        return frame.map(repr).assign(__block=blocks).duplicated().to_numpy()


def _dispersion(bad: np.ndarray) -> float:
    count = len(bad) // BLOCK
    share = float(bad.mean()) if len(bad) else 0.0
    if count < _FEWEST_BLOCKS or share in (0.0, 1.0):
        return 1.0
    blocks = bad[: count * BLOCK].reshape(count, BLOCK).mean(axis=1)
    return max(1.0, float(blocks.var(ddof=1)) / (share * (1 - share) / BLOCK))
