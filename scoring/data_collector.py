"""Hands predictions to Azure ML's data collector. Copied beside `score.py`; imports nothing of ours.

The service configures it by `AZUREML_MDC_CONFIG_PATH` (a file that names the collections) or `AZUREML_MDC_ENABLED`, and
the package `azureml-ai-monitoring` speaks to it over loopback.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SHARED_COLUMNS = ("correlation_id", "time", "model_version", "slot")
OUTPUT_COLUMNS = ("prediction", "probability", "probabilities", "quantiles", "latency_ms", "caller")
COLLECTIONS = ("model_inputs", "model_outputs", "model_inputs_outputs")  # the names that Azure ML's monitors know
MAX_PAYLOAD = 1024 * 1024  # characters; the collector moves what is over 4 MB out of its lines
MAX_WAITING_PAYLOADS = 64
SECONDS_TO_SEND = 3.0  # that it gets when the server ends


class DataCollector:
    """Azure ML's data collector: a process beside the server that writes what it is given to the workspace's blobs.

    It batches requests, so that its own correlation id joins nothing: ours is a column. Where it collects less than
    everything, each collection draws for itself; `model_inputs_outputs` keeps both halves of a row together.
    """

    def __init__(self, names: list[str]) -> None:
        from azureml.ai.monitoring import Collector

        self._collectors = {name: Collector(name=name, on_error=_say) for name in names}
        self._frame = _frame_type()

    def keep(self, records: list[dict[str, Any]]) -> None:
        from azureml.ai.monitoring.queue import get_queue

        for parts in payloads(records, list(self._collectors)):
            if get_queue().length() >= MAX_WAITING_PAYLOADS:  # its own limit is 1500 payloads of any size
                _say("it does not take predictions; some are left out")
                return
            context = None
            for collector, payload in zip(self._collectors.values(), parts, strict=True):
                frame = self._frame()
                frame.attrs["json"] = payload
                context = collector.collect(frame, context)

    def close(self) -> None:
        from azureml.ai.monitoring.init import teardown

        # Its sender knows no time limit, so it must not be waited for without one.
        sending = threading.Thread(target=teardown, kwargs={"wait_for_flush": True}, daemon=True)
        sending.start()
        sending.join(SECONDS_TO_SEND)


def enabled_collections() -> list[str]:
    """Those of our collections that the service has turned on for this deployment."""
    file = os.environ.get("AZUREML_MDC_CONFIG_PATH")
    if file:
        configured = json.loads(Path(file).read_text(encoding="utf-8")).get("collections", {})
        enabled = {name.lower() for name, settings in configured.items() if settings.get("enabled")}
        return [name for name in COLLECTIONS if name in enabled]
    return list(COLLECTIONS[:2]) if os.environ.get("AZUREML_MDC_ENABLED", "").lower() == "true" else []


def collected_row(record: dict[str, Any], collection: str) -> dict[str, Any]:
    """What a collection gets of a record: columns of ours, and a column a feature.

    A feature whose name is one of ours is told as `inputs.NAME`, and so is one that begins with `inputs.`.
    """
    row = {name: record.get(name) for name in SHARED_COLUMNS}
    if "outputs" in collection:
        row |= {name: record[name] for name in OUTPUT_COLUMNS if name in record}
    if "inputs" in collection:
        taken = {*SHARED_COLUMNS, *OUTPUT_COLUMNS}
        for name, value in record["inputs"].items():
            row[f"inputs.{name}" if name in taken or name.startswith("inputs.") else name] = value
    return row


def payloads(records: Sequence[dict[str, Any]], collections: Sequence[str]) -> list[list[str]]:
    """The records as JSON arrays, one a collection, in parts of at most MAX_PAYLOAD, or of one row that is larger."""
    parts: list[list[list[str]]] = []
    size = MAX_PAYLOAD
    for record in records:
        texts = [_strict_json(collected_row(record, name)) for name in collections]
        size += max(map(len, texts)) + 1
        if size > MAX_PAYLOAD:
            parts.append([[] for _ in collections])
            size = max(map(len, texts)) + 1
        for part, text in zip(parts[-1], texts, strict=True):
            part.append(text)
    return [[f"[{','.join(texts)}]" for texts in part] for part in parts]


def _strict_json(row: dict[str, Any]) -> str:
    """JSON as everybody reads it, which knows neither NaN nor infinity."""
    try:
        return json.dumps(row, allow_nan=False)
    except ValueError:
        return json.dumps({name: _finite(value) for name, value in row.items()})


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _frame_type() -> Any:
    """A frame that is already JSON.

    pandas' own `to_json`, which the collector calls in its one thread, keeps ten decimals of a number, and fails on
    large integers and broken surrogates, which ends that thread: one request could end all collection.
    """
    import pandas as pd

    class Frame(pd.DataFrame):
        def to_json(self, *_: Any, **__: Any) -> str:  # type: ignore[override]
            text: str = self.attrs["json"]
            return text

    Frame.__module__, Frame.__qualname__ = "pandas.core.frame", "DataFrame"  # told as the data's type
    return Frame


def _say(what: object) -> None:
    print(f"data collector: {what}", flush=True)
