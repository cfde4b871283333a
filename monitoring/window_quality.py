"""Is a window's data broken, whatever its distribution? Shares of missing and invalid values, new categories, copies.

Drift scores drop what they cannot read, so this is judged apart. A share is held against the reference's own, with what
chance and batches make of it: rows that are broken come together, so the spread of the share over contiguous blocks of
the reference widens the threshold. What is plausible and wrong is not seen. A model that is trained on missing or
invalid values learns the breakage, and its hold-out, broken alike, approves of it: such data are unfit. New categories
are what a retraining is for, and copies are dropped by ingestion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column
from lifecycle.findings import Finding
from monitoring.coercion import is_missing, to_booleans, to_categories, to_numbers
from monitoring.errors import require_columns
from monitoring.judgement import Judgement, finding, inconclusive

MINIMUM_ROWS = 300
BLOCK = 300  # rows among which copies are looked for, so that a large window has no more of them than a small one
FLOOR = 0.01  # a share that rose by less is of no consequence
MISSING_FLOOR = 0.05  # nor a share of missing values that rose by less
_VALUES = 1000  # of a column with more categories, new ones are the usual
_FEWEST_BLOCKS = 4


class QualityShare(Frozen):
    """How many rows of the reference a check calls bad. dispersion: the variance of the share over contiguous blocks
    over that of independent rows, at least 1. floor: a share (0..1) that rose by less is of no consequence. unfit: no
    model should learn from rows that are bad by it."""

    subject: str
    bad: int
    dispersion: float
    floor: float
    unfit: bool


@dataclass(frozen=True)
class _Check:
    """bad: by row, shape (rows,), bool."""

    subject: str
    bad: np.ndarray
    floor: float
    unfit: bool


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
        QualityShare(
            subject=check.subject,
            bad=int(check.bad.sum()),
            dispersion=_dispersion(check.bad),
            floor=check.floor,
            unfit=check.unfit,
        )
        for check in _checks(frame, columns, values)
    )
    return QualityReference(rows=len(frame), columns=tuple(columns), values=values, shares=shares)


def quality_findings(
    reference: QualityReference,
    current: pd.DataFrame,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    false_alarms: float = 0.005,
) -> list[Finding]:
    """A `quality` finding for each check: of a column's missing values, its validity, its new categories; of copies.

    false_alarms: the probability that a window as good as the reference alarms in any of them (Bonferroni). Raises
    SchemaMismatch where the window lacks a column.
    """
    names = [column.name for column in reference.columns]
    require_columns(names, [str(name) for name in current.columns], expected=[str(name) for name in current.columns])
    each = false_alarms / max(1, len(reference.shares))
    found = {check.subject: check.bad for check in _checks(current, reference.columns, reference.values)}
    return [
        finding(
            "quality",
            _judged(share, reference.rows, found[share.subject], minimum_rows, each),
            confidence=1 - each,
            unfit=share.unfit,
        )
        for share in reference.shares
    ]


def _judged(share: QualityShare, reference_rows: int, bad: np.ndarray, minimum: int, false_alarms: float) -> Judgement:
    rows = len(bad)
    for size, what in ((rows, "the window"), (reference_rows, "the reference")):
        if size < minimum:
            told = f"{share.subject} cannot be judged: {what} holds {size} rows, fewer than {minimum}"
            return inconclusive(share.subject, told)
    usual, now = share.bad / reference_rows, float(bad.mean())
    # Half a row is added, so that a reference without any does not claim certainty.
    rate = (share.bad + 0.5) / (reference_rows + 1)
    deviation = math.sqrt(share.dispersion * rate * (1 - rate) * (1 / rows + 1 / reference_rows))
    threshold = usual + max(share.floor, NormalDist().inv_cdf(1 - false_alarms) * deviation)
    message = f"{share.subject} in {now:.2%} of {rows} rows, {usual:.2%} in the reference, threshold {threshold:.2%}"
    return Judgement(share.subject, now, threshold, now > threshold, True, message)


def _checks(frame: pd.DataFrame, columns: Sequence[Column], values: dict[str, tuple[str, ...]]) -> Iterator[_Check]:
    for column in columns:
        present = frame[column.name]
        missing = is_missing(present).to_numpy(dtype=bool)
        yield _Check(f"missing values of {column.name}", missing, MISSING_FLOOR, True)
        yield _Check(f"invalid values of {column.name}", _invalid(present, column).to_numpy(dtype=bool), FLOOR, True)
        if column.name in values:
            text = to_categories(present)
            new = (text.notna() & ~text.isin(values[column.name])).to_numpy(dtype=bool)
            yield _Check(f"new categories of {column.name}", new, FLOOR, False)
    yield _Check("copied rows", _copied(frame[[column.name for column in columns]]), FLOOR, False)


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
