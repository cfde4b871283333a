"""A column's values in the form in which they are counted: numbers sorted, categories by their frequency."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecycle.columns import ColumnType
from monitoring.coercion import to_booleans, to_categories, to_numbers

NUMERIC = ("number", "integer")


def usable(values: pd.Series, type_: ColumnType) -> pd.Series:
    """The column's values as they are compared: float64 or text; missing where there is none of that type."""
    if type_ in NUMERIC:
        return to_numbers(values)
    if not _hashes_as_read(values):
        return _words(values, type_)
    codes, uniques = pd.factorize(values)
    read = np.array([*_words(pd.Series(uniques), type_), None], dtype=object)  # the last is for the code -1, missing
    return pd.Series(read[codes], index=values.index, dtype=object, name=values.name)


def _words(values: pd.Series, type_: ColumnType) -> pd.Series:
    if type_ == "boolean":
        return to_booleans(values).map({1.0: "true", 0.0: "false"}).astype(object)
    return to_categories(values)


def sorted_numbers(values: pd.Series) -> np.ndarray:
    """The finite numbers among them, ascending, float64; as `usable` finds them, in a fraction of its time."""
    plain = isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf"
    numbers = np.array((values if plain else to_numbers(values)).to_numpy(), dtype=float)
    numbers.sort()  # infinities go to the ends, and what is not a number behind them
    first, last = np.searchsorted(numbers, [-np.inf, np.inf], side="left")
    return numbers[np.searchsorted(numbers, -np.inf, side="right") if first == 0 else first : last]


def category_counts(values: pd.Series, type_: ColumnType) -> dict[str, int]:
    """How often each category or truth occurs, missing ones apart. Each different value is read once."""
    if not _hashes_as_read(values):
        counts = _words(values, type_).value_counts()
        return {str(name): int(count) for name, count in counts.items()}
    codes, uniques = pd.factorize(values)
    times = np.bincount(codes[codes >= 0], minlength=len(uniques))
    found: dict[str, int] = {}
    for name, count in zip(_words(pd.Series(uniques), type_), times.tolist(), strict=True):
        if isinstance(name, str):
            found[name] = found.get(name, 0) + count
    return found


def _hashes_as_read(values: pd.Series) -> bool:
    """Whether values that hash alike also read alike: among objects, 1 and True do not."""
    return values.dtype != object or pd.api.types.infer_dtype(values, skipna=True) == "string"
