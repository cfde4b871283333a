"""The same rows as raw files of every format, and a context that takes them in without any service."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import fastavro
import pandas as pd

from lifecycle.dataset import DatasetManifest
from lifecycle.workload import Workload
from platforms.ledger import Ledger
from platforms.ports import BlobStore, Platform
from platforms.settings import Settings
from tasks.context import Context
from tasks.ingestion import validate, write_version
from tasks.intake import Intake
from tasks.raw_data import find_raw

RAW = "toy/raw/"
CAPTURE = fastavro.parse_schema(
    {
        "type": "record",
        "name": "EventData",
        "namespace": "Microsoft.ServiceBus.Messaging",
        "fields": [
            {"name": "SequenceNumber", "type": "long"},
            {"name": "Offset", "type": "string"},
            {"name": "EnqueuedTimeUtc", "type": "string"},
            {"name": "SystemProperties", "type": {"type": "map", "values": ["long", "double", "string", "bytes"]}},
            {"name": "Properties", "type": {"type": "map", "values": ["long", "double", "string", "bytes", "null"]}},
            {"name": "Body", "type": ["null", "bytes"]},
        ],
    }
)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON holds them: null where nothing is, and of a float32 the digits that a CSV file has."""
    single = frame.select_dtypes("float32")
    frame = frame.assign(**single.astype(str).astype("float64"))
    return cast(list[dict[str, Any]], frame.astype(object).where(frame.notna(), None).to_dict("records"))


def json_lines(frame: pd.DataFrame) -> bytes:
    return "".join(f"{json.dumps(row, default=_plain)}\n" for row in records(frame)).encode()


def parquet(frame: pd.DataFrame, **options: Any) -> bytes:
    return bytes(frame.to_parquet(index=False, **options))


def capture(
    bodies: list[bytes | None], *, codec: str = "null", enqueued: str = "8/31/2017 7:12:14 PM", block: int = 16000
) -> bytes:
    """A capture file of events with those bodies; their sequence numbers count from 100. block: bytes."""
    events = [
        {
            "SequenceNumber": 100 + number,
            "Offset": str(number * 48),
            "EnqueuedTimeUtc": enqueued,
            "SystemProperties": {"x-opt-enqueued-time": 1504206734000},
            "Properties": {"source": "test"},
            "Body": body,
        }
        for number, body in enumerate(bodies)
    ]
    file = io.BytesIO()
    fastavro.writer(file, CAPTURE, events, codec=codec, sync_interval=block)
    return file.getvalue()


def captured(frame: pd.DataFrame, **options: Any) -> bytes:
    """An event a row."""
    return capture([json.dumps(row, default=_plain).encode() for row in records(frame)], **options)


def captured_in_lists(frame: pd.DataFrame) -> bytes:
    """Up to seven rows an event."""
    rows = records(frame)
    return capture([json.dumps(rows[start : start + 7], default=_plain).encode() for start in range(0, len(rows), 7)])


FORMATS: Mapping[str, Callable[[pd.DataFrame], bytes]] = {
    "a.csv": lambda frame: frame.to_csv(index=False).encode(),
    "a.csv.gz": lambda frame: gzip.compress(frame.to_csv(index=False).encode()),
    "bom.CSV": lambda frame: frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"),
    "a.parquet": lambda frame: parquet(frame, row_group_size=13),
    "a.jsonl": json_lines,
    "a.ndjson.gz": lambda frame: gzip.compress(json_lines(frame)),
    "ns/hub/0/2026/02/16/14/30/00.avro": captured,
    "ns/hub/0/2026/02/16/14/30/01.avro": lambda frame: captured(frame, codec="deflate"),
    "ns/hub/1/2026/02/16/14/30/00.avro": lambda frame: captured(frame, codec="snappy", block=500),
    "ns/hub/1/2026/02/16/14/30/01.avro": captured_in_lists,
}


def context_of(blobs: BlobStore, **data: Any) -> Context:
    """A workload `toy`, label `sick`, on that store alone."""
    words = {"raw": RAW, "label": "sick", **data}
    workload = Workload.model_validate({"name": "toy", "kind": "classification", "data": words})
    platform = cast(Platform, SimpleNamespace(name="test", blobs=blobs))
    return Context(Settings(), platform, workload, Path(), Ledger(blobs, "toy"))


def take_in(context: Context) -> list[Intake]:
    """What `ingest` makes of the raw data that lies there, up to the dataset version."""
    return validate.fn(context, find_raw.fn(context), pd.DataFrame())[1]


def ingest(context: Context) -> DatasetManifest:
    """The dataset version of the raw data that lies there."""
    return write_version.fn(context, *validate.fn(context, find_raw.fn(context), pd.DataFrame()))


def quarantined(context: Context) -> pd.DataFrame:
    """Everything in quarantine, as text."""
    blobs = context.platform.blobs
    files = [pd.read_csv(io.BytesIO(blobs.read(blob.name)), dtype=str) for blob in blobs.list("quarantine/toy/")]
    return pd.concat(files, ignore_index=True) if files else pd.DataFrame()


def _plain(value: Any) -> Any:
    """What numpy's scalars are in JSON."""
    return value.item()
