"""The data collector beside a model server: takes payloads on loopback, and writes them to the workspace's blobs.

What runs in a container speaks to it through `azureml-ai-monitoring`: POST /modeldata/log, the rows as JSON, the
event's attributes in `ce-…` headers. It gathers what comes shortly after one another into one CloudEvent, a line of

    modelDataCollector/ENDPOINT/DEPLOYMENT/COLLECTION/yyyy/MM/dd/HH/INSTANCE.jsonl

and leaves what is larger than 4 MB in a blob of its own, which the line names.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from azureml_emulator.store import Document

ROOT = "modelDataCollector"
PATH = "/modeldata/log"
LARGEST_IN_LINE = 4 * 1024 * 1024  # bytes
LARGEST_FILE = 4 * 1024 * 1024  # bytes; then another instance goes on, since each flush writes a blob whole
_TYPE = "azureml.inference."
_ROLLED = {"year": "%Y", "month": "%Y/%m", "day": "%Y/%m/%d", "hour": "%Y/%m/%d/%H", "minute": "%Y/%m/%d/%H/%M"}

Put = Callable[[str, Path], None]


def configuration(properties: Document) -> Document | None:
    """What a container finds at `AZUREML_MDC_CONFIG_PATH`; None where the deployment collects nothing.

    The package in the container samples by it, each collection for itself.
    """
    given = (properties.get("dataCollector") or {}).get("collections") or {}
    collections = {
        name.lower(): {"enabled": True, "sampleRatePercentage": _percentage(one.get("samplingRate"))}
        for name, one in given.items()
        if str(one.get("dataCollectionMode", "")).lower() == "enabled"
    }
    return {"collections": collections, "runMode": "cloud"} if collections else None


def _percentage(rate: float | None) -> int:
    return 100 if rate is None else round(float(rate) * 100)


@dataclass
class _Batch:
    """Payloads of one collection that become one line."""

    attributes: dict[str, str]  # those of the first
    began: float
    payloads: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(map(len, self.payloads))


class _Instance:
    """One blob's lines, kept in a file: a flush writes them all again, as a blob that is appended to grows."""

    def __init__(self, folder: Path, path: str) -> None:
        self.path = path
        self.name = f"{path}/{uuid4()}.jsonl"
        self.file = folder / uuid4().hex

    def append(self, line: bytes) -> None:
        with self.file.open("ab") as file:
            file.write(line)

    @property
    def is_full(self) -> bool:
        return self.file.exists() and self.file.stat().st_size >= LARGEST_FILE


class DataCollector:
    """One deployment's. `put` writes a file as a blob of the workspace's store; `address` is where that store is."""

    def __init__(
        self, source: str, config: Document, rolled: str, folder: Path, put: Put, address: str, seconds: float
    ) -> None:
        self._source = source
        self._endpoint, self._deployment = source.split("/")[-3], source.split("/")[-1]
        self._collections = set(config["collections"])
        self._rolled = _ROLLED[rolled.lower()]
        self._folder = folder
        self._put = put
        self._address = address
        self._seconds = seconds
        self._batches: dict[str, _Batch] = {}
        self._instances: dict[str, _Instance] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closed = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.take))
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        threading.Thread(target=self._work, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """By which a model server finds it."""
        return {
            "AZUREML_MDC_CONFIG_PATH": str(self._folder / "config.json"),
            "AZUREML_MDC_HOST": "127.0.0.1",
            "AZUREML_MDC_PORT": str(self._server.server_address[1]),
        }

    def take(self, headers: dict[str, str], payload: bytes) -> None:
        """Keep a payload for the next line. ValueError where it is none."""
        collection = headers.get("ce-type", "").removeprefix(_TYPE)
        if collection not in self._collections:
            raise ValueError(f"The collection {collection!r} is not enabled.")
        if not isinstance(json.loads(payload), list):
            raise ValueError("The payload is no JSON array of rows.")
        with self._lock:
            batch = self._batches.setdefault(collection, _Batch(headers, time.monotonic()))
            full = batch.payloads and batch.size + len(payload) > LARGEST_IN_LINE
        if full:
            self.flush()
        with self._lock:
            batch = self._batches.setdefault(collection, _Batch(headers, time.monotonic()))
            batch.payloads.append(payload)

    def flush(self, only_older_than: float = 0.0) -> None:
        """Write what has waited so long."""
        with self._writing:
            with self._lock:
                now = time.monotonic()
                due = {name for name, batch in self._batches.items() if now - batch.began >= only_older_than}
                batches = {name: self._batches.pop(name) for name in due}
            for collection, batch in batches.items():
                try:
                    self._write(collection, batch)
                except (OSError, httpx.HTTPError) as error:  # a line that was kept goes with the next
                    print(f"{self._source}: a batch of {collection} was not written: {error!r}", flush=True)

    def close(self) -> None:
        """Take nothing more, and write what there is."""
        self._server.shutdown()
        self._server.server_close()
        self._closed.set()
        self.flush()

    def _work(self) -> None:
        while not self._closed.wait(self._seconds / 4):
            self.flush(self._seconds)

    def _write(self, collection: str, batch: _Batch) -> None:
        at = datetime.fromtimestamp(int(batch.attributes.get("ce-time") or time.time()), UTC)
        hour = at.strftime(self._rolled)
        path = f"{ROOT}/{self._endpoint}/{self._deployment}/{collection}/{hour}"
        rows = [row for payload in batch.payloads for row in json.loads(payload)]
        content = json.dumps(rows, separators=(",", ":")).encode()
        event = self._event(collection, batch.attributes, at, len(content))
        if len(content) > LARGEST_IN_LINE:
            event |= {"data": self._aside(hour, event["id"], content), "datainblob": "true"}
        else:
            event["data"] = rows
        instance = self._instances.get(collection)
        if instance is None or instance.path != path or instance.is_full:
            if instance is not None:
                instance.file.unlink(missing_ok=True)
            instance = self._instances[collection] = _Instance(self._folder, path)
        instance.append(json.dumps(event, separators=(",", ":")).encode() + b"\n")
        self._put(instance.name, instance.file)

    def _event(self, collection: str, attributes: dict[str, str], at: datetime, size: int) -> dict[str, Any]:
        identity = attributes.get("ce-x-request-id") or str(uuid4())
        return {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": self._source,
            "type": _TYPE + collection,
            "datacontenttype": "application/json",
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "contentrange": f"bytes 0-{size - 1}/{size}",
            "correlationid": identity,
            "xrequestid": identity,
            "modelversion": attributes.get("ce-model-version", "default"),
            "collectdatatype": attributes.get("ce-collect-data-type", ""),
            "agent": attributes.get("ce-agent", ""),
        }

    def _aside(self, hour: str, identity: str, content: bytes) -> str:
        """The address of a payload that is too large for a line."""
        name = f"{ROOT}/{self._endpoint}/{self._deployment}/{hour}/{identity}.jsonl"
        file = self._folder / identity
        file.write_bytes(content)
        try:
            self._put(name, file)
        finally:
            file.unlink()
        return f"{self._address}/{name}"


def _handler(take: Callable[[dict[str, str], bytes], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One payload a request."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path != PATH:
                self._answer(404, "There is nothing here.")
                return
            try:
                take({name.lower(): value for name, value in self.headers.items()}, content)
            except ValueError as error:
                self._answer(400, str(error))
            else:
                self._answer(200, "ok")

        def log_message(self, format: str, *args: object) -> None:
            """Not a line for each."""

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    return Handler
