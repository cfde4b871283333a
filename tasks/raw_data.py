"""Raw blobs in, text frames out, and a word about every file that could not be read."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from platforms.ports import BlobInfo, BlobStore, NotFound
from tasks.context import Context
from tasks.step import step

OBSERVED_AT = "_observed_at"


@dataclass
class RawFile:
    """One raw blob: its rows, or why it has none."""

    name: str
    etag: str
    modified: datetime
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    unreadable_lines: list[str] = field(default_factory=list)
    problem: str = ""


@step(name="read raw data")
def read_raw(context: Context) -> list[RawFile]:
    """Every raw blob of the workload. LookupError where there is none, or none in a format we read."""
    prefix = context.workload.data.raw
    blobs = list(context.platform.blobs.list(prefix))
    if not blobs:
        raise LookupError(
            f"There is no raw data: no blob lies under {prefix}. Upload CSV, Parquet or JSON lines there."
        )
    return [read_file(context.platform.blobs, blob) for blob in blobs]


def read_file(blobs: BlobStore, blob: BlobInfo) -> RawFile:
    """Read one blob. It may have vanished since it was listed, or be no table at all: then `problem` says so."""
    file = RawFile(blob.name, blob.etag, blob.modified)
    reader = _READERS.get(blob.name.rpartition(".")[2].lower())
    if reader is None:
        file.problem = f"its ending is none of {', '.join(sorted(_READERS))}"
        return file
    try:
        content = blobs.read(blob.name)
    except NotFound:
        file.problem = "it vanished while it was being read"
        return file
    if not content.strip():
        file.problem = "it is empty"
        return file
    try:
        file.frame, file.unreadable_lines = reader(content)
    except Exception as error:  # the parsers raise many kinds; a broken file must not hurt the others
        file.problem = f"it cannot be read: {type(error).__name__}: {str(error)[:200]}"
        return file
    if file.frame.empty:
        file.problem = "it holds no rows"
    return file


def _csv(content: bytes) -> tuple[pd.DataFrame, list[str]]:
    text = content.decode("utf-8-sig")
    try:
        return pd.read_csv(io.StringIO(text), dtype=str, index_col=False, on_bad_lines="error"), []
    except pd.errors.ParserError:
        broken: list[str] = []
        keep: Callable[[list[str]], None] = lambda words: broken.append(",".join(words))  # noqa: E731
        return pd.read_csv(io.StringIO(text), dtype=str, index_col=False, engine="python", on_bad_lines=keep), broken


def _parquet(content: bytes) -> tuple[pd.DataFrame, list[str]]:
    return pd.read_parquet(io.BytesIO(content)), []


def _json_lines(content: bytes) -> tuple[pd.DataFrame, list[str]]:
    import json

    rows, broken = [], []
    for line in content.decode("utf-8-sig").splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            rows.append(row)
        else:
            broken.append(line)
    return pd.DataFrame(rows), broken


_READERS: dict[str, Callable[[bytes], tuple[pd.DataFrame, list[str]]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "jsonl": _json_lines,
}
