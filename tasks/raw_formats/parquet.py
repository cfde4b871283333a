"""Parquet, a row group at a time, its typed columns as the values that a CSV file of the same rows would hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.raw_formats.batch import BATCH_ROWS, Batch, Broken, Unreadable


def read_parquet(stream: BinaryIO) -> Iterator[Batch]:
    """Rows in batches whatever the row groups; one that is damaged is told, and the next one read.

    Unreadable where the file has no valid footer, which is what is lost first where a file was cut.
    """
    file = _open(stream)
    broken: list[Broken] = []
    held: list[pa.RecordBatch] = []  # less than a batch
    numbers: list[int] = []
    for piece, first in _pieces(file, broken):
        held.append(piece)
        numbers.extend(range(first, first + piece.num_rows))
        while len(numbers) >= BATCH_ROWS:
            table = pa.Table.from_batches(held)
            yield Batch(_frame(table.slice(0, BATCH_ROWS)), numbers[:BATCH_ROWS], "row", _taken(broken))
            held, numbers = table.slice(BATCH_ROWS).to_batches(), numbers[BATCH_ROWS:]
    if numbers or broken:
        yield Batch(_frame(pa.Table.from_batches(held, file.schema_arrow)), numbers, "row", _taken(broken))


def _open(stream: BinaryIO) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(stream, page_checksum_verification=True)
        names = file.schema_arrow.names
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"it is no whole Parquet file: {str(error)[:200]}") from None
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unreadable(f"it has several columns named {', '.join(twice)}")
    return file


def _pieces(file: pq.ParquetFile, broken: list[Broken]) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Record batches, each with its first row's number from 1; row groups that end early are put with the broken."""
    first = 1
    for group in range(file.num_row_groups):
        end = first + file.metadata.row_group(group).num_rows
        try:
            for piece in file.iter_batches(BATCH_ROWS, row_groups=[group]):
                yield piece, first
                first += piece.num_rows
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            problem = f"the row group cannot be read: {str(error)[:200]}"
            broken.append(Broken(f"rows {first} to {end - 1}", "", problem))
        first = end


def _taken(broken: list[Broken]) -> list[Broken]:
    taken = list(broken)
    broken.clear()
    return taken


def _frame(table: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({name: _values(table[name]) for name in table.column_names})


def _values(column: pa.ChunkedArray) -> Any:
    """Numbers as they are, all else as text; None where missing; lists and records, which no column may hold, too."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.cast(kind.value_type))
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        # The shortest decimal that names the value, which is what people see and a CSV file says.
        return column.to_numpy(zero_copy_only=False).astype(str).astype(np.float64)
    if pa.types.is_integer(kind) and column.null_count:
        return np.array(column.to_pylist(), dtype=object)  # as floats, large ones would lose digits
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        return column.to_numpy(zero_copy_only=False)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.to_numpy(zero_copy_only=False)
    values = column.to_pandas() if pa.types.is_temporal(kind) else pd.Series(column.to_pylist(), dtype=object)
    return values.astype(object).map(_text, na_action="ignore")


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value if isinstance(value, list | dict | tuple) else str(value)
