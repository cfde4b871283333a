"""From values as they come (text, JSON, typed columns) to values that can be compared and counted."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

_TRUE = frozenset({"true", "t", "yes", "y", "on", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0", "0.0"})
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na"})
_LARGEST = 1 << 1023
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)\.0")  # how whole floats are written into a CSV


def is_missing(values: pd.Series) -> pd.Series:
    """Where nothing was given: null, or a text that says so (empty, NA, null, ...). Same index, bool."""
    missing = values.isna()
    if values.dtype == object or isinstance(values.dtype, pd.StringDtype | pd.CategoricalDtype):
        missing = missing | _words(values).isin(MISSING_WORDS)
    return missing


def is_nested(values: pd.Series) -> pd.Series:
    """Where a list or an object stands, as JSON may hold it, in place of one value. Same index, bool."""
    if values.dtype != object:
        return pd.Series(False, index=values.index)
    return values.map(lambda value: isinstance(value, list | tuple | dict | np.ndarray)).astype(bool)


def to_numbers(values: pd.Series) -> pd.Series:
    """As float64; NaN where missing, infinite, or no number. Same index."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf":
        plain = values.astype(float)
        return plain.where(np.isfinite(plain)) if np.isinf(plain.to_numpy()).any() else plain
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    if pd.api.types.is_bool_dtype(values.dtype):
        values = values.astype("boolean").astype("Float64")
    if values.dtype == object:
        values = values.map(_number)
    numbers = pd.to_numeric(values, errors="coerce").astype("Float64").astype(float)
    return numbers.where(np.isfinite(numbers))


def to_booleans(values: pd.Series) -> pd.Series:
    """As float64 1, 0 and NaN where missing or neither true nor false. Same index."""
    words = _words(values)
    result = pd.Series(np.nan, index=values.index, dtype=float)
    result[words.isin(_TRUE)] = 1.0
    result[words.isin(_FALSE)] = 0.0
    return result


def to_categories(values: pd.Series) -> pd.Series:
    """As text, object dtype, None where missing or nested. 1 and 1.0 are one category, whatever file they came from."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iufb":
        codes, uniques = pd.factorize(values)  # each different one is put into words once
        words = np.array(
            [*map(_category, uniques.tolist()), None], dtype=object
        )  # the last is for the code -1, missing
        return pd.Series(words[codes], index=values.index, dtype=object, name=values.name)
    text = values.astype(object).map(_category, na_action="ignore")
    return text.where(~is_missing(values) & ~is_nested(values), None)


def _words(values: pd.Series) -> pd.Series:
    return values.astype(object).map(lambda value: str(value).strip().casefold(), na_action="ignore")


def _number(value: object) -> object:
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return None  # neither float64 nor pandas could hold it
    if not isinstance(value, str):
        return value
    if "_" in value or not value.isascii():
        return None  # Python reads 1_000 as a number; in data it is a code
    try:
        return float(value)  # to the last digit, which pandas' own reading of text is not
    except ValueError:
        return value


def _category(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return str(int(text[:-2])) if _WHOLE.fullmatch(text) else text
