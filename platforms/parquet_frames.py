"""Parquet files as frames, one after another: what is counted in passing need not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

ROWS = 1 << 17  # a frame's at most: 20 columns of numbers are 20 MB


def parquet_frames(
    paths: Sequence[Path], columns: Sequence[str] | None = None, rows: int = ROWS
) -> Iterator[pd.DataFrame]:
    """The files' rows in order, so many at a time, of these columns or all. One row group is held at a time, so the
    memory is that of the largest row group, whatever the files' sizes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in paths:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(rows, row_groups=[group], columns=columns and list(columns)):
                    yield pa.Table.from_batches([batch]).to_pandas(split_blocks=True)
