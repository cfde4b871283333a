"""What the columns seem to be, from data whose every value may be text."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from lifecycle.columns import Column, ColumnType
from monitoring.coercion import is_missing, to_numbers

OFTEN_MISSING = 0.05  # where more is missing than this, it is the column's nature and no defect
_BOOLEAN_WORDS = frozenset({"true", "false", "yes", "no"})


def infer_columns(frame: pd.DataFrame, exclude: Collection[str] = ()) -> tuple[Column, ...]:
    """A column for each of the frame's but the excluded, in order: the type that most of its values parse as.

    No ranges and no categories are inferred: what the first data happens to hold is no rule. Missing values are
    allowed where more than 5 % are missing. Names that begin with `_` are ours and are passed over.
    """
    names = [str(name) for name in frame.columns if str(name) not in exclude and not str(name).startswith("_")]
    return tuple(_infer(name, frame[name]) for name in names)


def _infer(name: str, values: pd.Series) -> Column:
    missing = is_missing(values)
    allowed = bool(len(values)) and float(missing.mean()) > OFTEN_MISSING
    return Column(name=name, type=_type(values[~missing]), missing_allowed=allowed)


def _type(present: pd.Series) -> ColumnType:
    if present.empty:
        return "category"  # nothing is known, and anything is a category
    words = present.astype(str).str.strip().str.casefold()
    if words.isin(_BOOLEAN_WORDS).mean() > 0.5:
        return "boolean"
    numbers = to_numbers(present).dropna()
    if len(numbers) * 2 <= len(present):
        return "category"
    # One fraction among the integers may be a slip, a tenth is not.
    return "integer" if (numbers % 1 == 0).mean() > 0.9 else "number"
