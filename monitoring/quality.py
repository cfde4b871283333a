"""Which rows can be learnt from: typed and checked on one side, quarantined with the reason on the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifecycle.columns import Column
from lifecycle.workload import Kind
from monitoring.coercion import is_missing, is_nested, to_booleans, to_categories, to_numbers
from monitoring.errors import SchemaMismatch, UnusableData, require_columns

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = ["PROBLEM", "SchemaMismatch", "UnusableData", "schema_of", "split_rows"]

PROBLEM = "_problem"
_LARGEST_INTEGER = 2.0**53  # beyond it, float64 does not tell neighbours apart
_NESTED = "is nested (a list or an object): write it flat, a value a column"
_CHECKS = {"not_nullable": "is missing"}


def split_rows(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    label: str,
    kind: Kind = "classification",
    *,
    classes: Sequence[Any] | None = None,
    whole: bool = True,
    distinct: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(good, quarantined), both with the frame's index, which together hold every row once.

    good: the columns and the label, typed by the columns alone: number and integer float64 (an integer int64 where
    none may be missing), boolean bool (float64 1, 0, NaN where some may be missing), category text. The label: text
    or int64 for a classification, float64 for a regression. quarantined: the rows as they came, and `_problem`, text.

    A row is quarantined for a value of another type, out of range, missing where none may be, or of an unknown
    category; for a missing or invalid label (with `classes`: none of them); and, with `distinct`, as an exact copy of
    a row before it (names that begin with `_` are ours and do not count): rows without an identity may be alike.
    whole: the frame is all there is, so UnusableData is raised where no row is good or, for a classification, one
    class is left. Raises SchemaMismatch where a column or the label is missing, whatever the rows.
    """
    _require(frame, columns, label)
    raw = frame.reset_index(drop=True)
    typed = pd.DataFrame({column.name: _typed(raw[column.name], column) for column in columns}, index=raw.index)
    problems = _unreadable(raw, typed, columns)
    problems += _violations(typed, columns, problems)
    typed[label], label_problems = _label(raw[label], label, kind, classes)
    problems += label_problems
    problems += [(row, "", "copies a row before it") for row in (_copies(raw) if distinct else ())]
    told = _by_row(problems)
    bad = raw.index.isin(list(told))
    good = _final(typed[~bad], columns, label, kind).set_axis(frame.index[~bad])
    quarantined = frame[bad].assign(**{PROBLEM: [told[row] for row in raw.index[bad]]})
    if whole:
        _refuse_unusable(good, quarantined, label, kind)
    return good, quarantined


def schema_of(columns: Sequence[Column]) -> pa.DataFrameSchema:
    """The pandera schema of typed columns (numbers and booleans float64, categories text)."""
    import pandera.pandas as pa

    def column_schema(column: Column) -> pa.Column:
        checks = []
        if column.minimum is not None:
            checks.append(pa.Check.ge(column.minimum, error=f"is below {column.minimum:g}"))
        if column.maximum is not None:
            checks.append(pa.Check.le(column.maximum, error=f"is above {column.maximum:g}"))
        if column.values is not None:
            known = to_categories(pd.Series(column.values, dtype=object)).tolist()
            checks.append(pa.Check.isin(known, error="is an unknown category"))
        dtype = object if column.type == "category" else float
        return pa.Column(dtype, checks, nullable=column.missing_allowed)

    return pa.DataFrameSchema({column.name: column_schema(column) for column in columns})


def _require(frame: pd.DataFrame, columns: Sequence[Column], label: str) -> None:
    """The columns and the label are there, once each."""
    twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if twice:
        raise UnusableData(f"The data has several columns named {', '.join(twice)}. Rename all but one.")
    require_columns([*(column.name for column in columns), label], [str(name) for name in frame.columns])


Problem = tuple[int, str, str]  # row, column, what is wrong with it


def _typed(values: pd.Series, column: Column) -> pd.Series:
    """Readable values, missing where there is none."""
    if column.type == "category":
        return to_categories(values).astype(object)
    if column.type == "boolean":
        return to_booleans(values)
    numbers = to_numbers(values)
    if column.type == "integer":
        return numbers.where((numbers % 1 == 0) & (numbers.abs() <= _LARGEST_INTEGER))
    return numbers


def _unreadable(raw: pd.DataFrame, typed: pd.DataFrame, columns: Sequence[Column]) -> list[Problem]:
    """Where something stands that could not be read as the column's type."""
    article = {"number": "is no number", "integer": "is no integer", "boolean": "is neither true nor false"}
    found: list[Problem] = []
    for column in columns:
        values = raw[column.name]
        nested = is_nested(values)
        unreadable = typed[column.name].isna() & ~is_missing(values) & ~nested
        found += [(row, column.name, _NESTED) for row in raw.index[nested]]
        found += [(row, column.name, article.get(column.type, "is no category")) for row in raw.index[unreadable]]
    return found


def _violations(typed: pd.DataFrame, columns: Sequence[Column], known: Sequence[Problem]) -> list[Problem]:
    """What pandera says of the typed values, but for those already known to be unreadable."""
    from pandera.errors import SchemaErrors

    try:
        schema_of(columns).validate(typed, lazy=True)
    except SchemaErrors as errors:
        told = {(row, name) for row, name, _ in known}
        cases = errors.failure_cases[["index", "column", "check"]].itertuples(index=False, name=None)
        broken = [(int(row), str(name), _CHECKS.get(check, check)) for row, name, check in cases]
        return [problem for problem in broken if problem[:2] not in told]
    return []


def _label(values: pd.Series, name: str, kind: Kind, classes: Sequence[Any] | None) -> tuple[pd.Series, list[Problem]]:
    """The label, typed, and where it is missing or invalid."""
    missing = is_missing(values)
    typed, invalid, what = _class_label(values, classes) if kind == "classification" else _number_label(values)
    nested = is_nested(values)
    found = [(row, name, "(the label) is missing") for row in values.index[missing]]
    found += [(row, name, f"(the label) {_NESTED}") for row in values.index[nested]]
    found += [(row, name, f"(the label) {what}") for row in values.index[invalid & ~missing & ~nested]]
    return typed, found


def _number_label(values: pd.Series) -> tuple[pd.Series, pd.Series, str]:
    numbers = to_numbers(values)
    return numbers, numbers.isna(), "is no number"


def _class_label(values: pd.Series, classes: Sequence[Any] | None) -> tuple[pd.Series, pd.Series, str]:
    text = to_categories(values)
    # One spelling for what CSV, JSON and Python write in three ways.
    text = text.replace({"true": "True", "TRUE": "True", "false": "False", "FALSE": "False"})
    numbers = to_numbers(text)
    whole_numbers = numbers.notna() & (numbers % 1 == 0)
    integers = bool(whole_numbers.sum() * 2 > text.notna().sum())
    invalid, what = text.isna(), "is no class"
    if integers:
        text = numbers.where(whole_numbers)
        invalid, what = ~whole_numbers, "is no integer, as the other classes are"
    if classes is not None:
        known = to_categories(pd.Series(list(classes), dtype=object)).tolist()
        invalid, what = invalid | ~to_categories(text).isin(known), f"is none of {', '.join(map(str, known))}"
    return text, invalid, what


def _copies(raw: pd.DataFrame) -> pd.Index:
    compared = raw[[name for name in raw.columns if not str(name).startswith("_")]]
    try:
        return raw.index[compared.duplicated()]
    except TypeError:  # lists and mappings, which JSON lines may hold, cannot be hashed; their text can
        return raw.index[compared.map(repr).duplicated()]


def _by_row(problems: Sequence[Problem]) -> dict[int, str]:
    told: dict[int, list[str]] = {}
    for row, name, what in problems:
        told.setdefault(row, []).append(f"{name} {what}".strip())
    return {row: "; ".join(parts) for row, parts in told.items()}


def _final(typed: pd.DataFrame, columns: Sequence[Column], label: str, kind: Kind) -> pd.DataFrame:
    """The dtypes that follow from the columns, never from what the rows happen to hold."""
    dtypes: dict[str, Any] = {}
    if kind == "classification" and typed[label].dtype == float:
        dtypes[label] = "int64"  # no good row lacks it
    for column in columns:
        if not column.missing_allowed and column.type in ("integer", "boolean"):
            dtypes[column.name] = "int64" if column.type == "integer" else "bool"
    return typed.astype(dtypes)


def _refuse_unusable(good: pd.DataFrame, quarantined: pd.DataFrame, label: str, kind: Kind) -> None:
    if good.empty and quarantined.empty:
        raise UnusableData("The data has no rows.")
    if good.empty:
        counts = quarantined[PROBLEM].value_counts().head(3)
        told = "; ".join(f"{problem} ({count} rows)" for problem, count in counts.items())
        raise UnusableData(f"All {len(quarantined)} rows are unusable: {told}. Mend the source or the columns.")
    if kind == "classification" and good[label].nunique() < 2:
        only = f"{good[label].iloc[0]} in all {len(good)} usable rows"
        raise UnusableData(f"The label {label} has one class only, {only}: there is nothing to tell apart.")
