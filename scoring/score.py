"""The entry script of a slot: checks the schema, scores, logs. Copied beside a model; imports nothing of ours.

Served by azureml-inference-server-http, here as on Azure. `AZUREML_MODEL_DIR` holds the packed model with its
`perennial.json`. One JSON line a row goes to `PERENNIAL_PREDICTIONS_DIR`, where that is set, and to Azure ML's data
collector, where the service has configured one: `data_collector.py`, copied along, does that.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import math
import os
import re
import threading
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

MAX_DETAILS = 20
MAX_ID_LENGTH = 128
FLUSH_ROWS = 500
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)\.0")  # how whole floats are written into a CSV
_CALLER = re.compile(r"[a-z0-9-]{1,40}\.(champion|challenger)\.[0-9a-f]{32}")  # TEST.ARM.HASH, as the front writes it
MAX_WAITING_ROWS = 50_000  # beyond that, whoever keeps the log is out of order, and memory is worth more


class BadRequest(ValueError):
    """A request that cannot be scored: a code for programs, a message for people, details by column and row."""

    def __init__(self, code: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.body = {"error": {"code": code, "message": message, "details": (details or [])[:MAX_DETAILS]}}


class Schema:
    """The model's columns, and what a value of each must be."""

    def __init__(self, columns: list[dict[str, Any]]) -> None:
        self.names = [column["name"] for column in columns]
        self._columns = columns

    def rows(self, body: Any) -> list[list[Any]]:
        """The request's rows in the model's order of columns. BadRequest says what is wrong, where."""
        given, table = _table(body)
        self.require_columns(given)
        places = [given.index(name) for name in self.names]
        rows = [[row[place] for place in places] for row in table]
        problems = self.problems(rows)
        if problems:
            first = problems[0]
            message = f"{len(problems)} values cannot be scored; the first: {first['column']}, row {first['row']}: "
            raise BadRequest("invalid_values", message + first["problem"] + ".", problems)
        return rows

    def require_columns(self, given: Collection[str]) -> None:
        """BadRequest where columns of the model's are not among the given ones."""
        missing = [name for name in self.names if name not in given]
        if missing:
            details = [{"column": name, "row": None, "problem": "missing"} for name in missing]
            raise BadRequest("missing_columns", f"The request lacks the columns {', '.join(missing)}.", details)

    def problems(self, rows: list[list[Any]]) -> list[dict[str, Any]]:
        """What cannot be scored in rows that are in the model's order of columns, and why."""
        return [
            {"column": column["name"], "row": number, "problem": problem}
            for number, row in enumerate(rows)
            for column, value in zip(self._columns, row, strict=False)
            if (problem := _problem(column, value))
        ]


def _table(body: Any) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of both forms: {"columns", "data"} and a list of records."""
    data = body.get("input_data") if isinstance(body, dict) else None
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        columns = list(data[0])
        uneven = [number for number, row in enumerate(data) if set(row) != set(columns)]
        if uneven:
            raise BadRequest("uneven_rows", f"Row {uneven[0]} has other columns than row 0.")
        return columns, [[row[name] for name in columns] for row in data]
    if isinstance(data, dict) and isinstance(data.get("columns"), list) and isinstance(data.get("data"), list):
        columns, rows = data["columns"], data["data"]
        for number, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != len(columns):
                raise BadRequest("uneven_rows", f"Row {number} does not have {len(columns)} values.")
        if not rows:
            raise BadRequest("no_rows", "The request holds no rows.")
        return columns, rows
    form = '{"input_data": {"columns": [...], "data": [[...]]}} or {"input_data": [{...}]}'
    raise BadRequest("malformed", f"The body must be {form}, with at least one row.")


def _problem(column: dict[str, Any], value: Any) -> str:
    """Why the value cannot be scored, or nothing. What lies outside the training range can: drift must be seen."""
    kind = column["type"]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is None or (number and math.isnan(value)):
        return "" if column.get("missing_allowed") else "missing"
    if kind == "boolean":
        return "" if isinstance(value, bool) or (number and value in (0, 1)) else f"{value!r:.40} is no boolean"
    if kind == "category":
        return "" if isinstance(value, (str, int, float, bool)) else f"{value!r:.40} is no category"
    if not number:
        return f"{value!r:.40} is no number"
    if math.isinf(value):
        return "infinite"
    return f"{value!r:.40} is no integer" if kind == "integer" and value != int(value) else ""


def category(value: Any) -> str | None:
    """As the training data has it, where 7, 7.0 and " 7.0 " are one category; None where missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return str(int(text[:-2])) if _WHOLE.fullmatch(text) else text


def identities(body: dict[str, Any], rows: int) -> list[str]:
    """The caller's correlation ids, or new ones."""
    given = body.get("correlation_ids")
    if given is None:
        return [str(uuid4()) for _ in range(rows)]
    fine = isinstance(given, list) and all(isinstance(one, str) and 0 < len(one) <= MAX_ID_LENGTH for one in given)
    if not fine or len(given) != rows or len(set(given)) != rows:
        message = f"correlation_ids must be {rows} different texts, one a row, of at most {MAX_ID_LENGTH} characters."
        raise BadRequest("correlation_ids", message)
    return given


def caller_of(body: dict[str, Any]) -> str | None:
    """Who asks, as a test's front hashed it; None where no front did. BadRequest for an id that is not hashed."""
    given = body.get("caller")
    if given is None or (isinstance(given, str) and _CALLER.fullmatch(given)):
        return given
    raise BadRequest("caller", "caller is what the front writes, TEST.ARM.HASH: send an id in x-caller-id, to it.")


class Keeper(Protocol):
    """Where predictions go. Called by the log's own thread, never while a request waits."""

    def keep(self, records: list[dict[str, Any]]) -> None: ...

    def close(self) -> None: ...


class PredictionLog:
    """Buffers records, a row each, and hands them to their keepers. What these do never fails or slows a request."""

    def __init__(self, keepers: list[Keeper], flush_seconds: float) -> None:
        self._keepers = keepers
        self._records: list[dict[str, Any]] = []
        self._left_out = 0
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._wake = threading.Event()
        self._flush_seconds = flush_seconds
        threading.Thread(target=self._work, daemon=True).start()
        atexit.register(self.close)

    def add(self, records: list[dict[str, Any]]) -> None:
        """Take records; they are with their keepers within the flush interval."""
        with self._lock:
            if len(self._records) + len(records) > MAX_WAITING_ROWS:
                self._left_out += len(records)
            else:
                self._records += records
            full = len(self._records) >= FLUSH_ROWS
        if full:
            self._wake.set()

    def flush(self) -> None:
        """Hand over what there is."""
        with self._flushing:
            with self._lock:
                records, self._records = self._records, []
                left_out, self._left_out = self._left_out, 0
            if left_out:
                _say(f"{left_out} predictions could not be logged: too many were waiting")
            for keeper in self._keepers if records else ():
                try:
                    keeper.keep(records)
                except Exception as error:
                    _say(f"{len(records)} predictions could not be logged: {error!r}")

    def close(self) -> None:
        """Hand over what there is, and give the keepers a moment to be done with it."""
        self.flush()
        for keeper in self._keepers:
            keeper.close()

    def _work(self) -> None:
        while True:
            self._wake.wait(self._flush_seconds)
            self._wake.clear()
            self.flush()


class Files:
    """Immutable files of JSON lines, hour by hour."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, records: list[dict[str, Any]]) -> None:
        hours: dict[str, list[str]] = {}
        for record in records:
            hour = record["time"][:13].replace("-", "/").replace("T", "/")
            hours.setdefault(hour, []).append(json.dumps(record))
        for hour, lines in hours.items():
            self._write(self._folder / hour, lines)

    def close(self) -> None:
        """Nothing is under way between two calls."""

    @staticmethod
    def _write(folder: Path, lines: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = uuid4().hex
        temporary = folder / f".{name}.part"
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.rename(folder / f"{name}.jsonl")


def _say(what: str) -> None:
    print(what, flush=True)


class Scorer:
    """A loaded model: a request's body in, an answer out, and a line a row in the log."""

    def __init__(self, folder: Path, log: PredictionLog | None) -> None:
        import skops.io

        description = json.loads((folder / "perennial.json").read_text())
        self._model = skops.io.load(folder / description["model_file"], trusted=description["trusted_types"])
        self.schema = Schema(description["columns"])
        self.types = {column["name"]: column["type"] for column in description["columns"]}
        self._classes = description["classes"]
        self._levels = description.get("quantiles")
        self._log = log
        self.version = int(os.environ.get("PERENNIAL_MODEL_VERSION", "0"))
        self._who = {"endpoint": os.environ.get("PERENNIAL_ENDPOINT"), "slot": os.environ.get("PERENNIAL_SLOT")}

    def answer(self, body: Any, mirrored: bool = False) -> dict[str, Any]:
        """Score the request. BadRequest where it cannot be. mirrored: it is a copy, whose answer nobody gets."""
        started = time.perf_counter()
        rows = self.schema.rows(body)
        keys, caller = identities(body, len(rows)), caller_of(body)
        outputs = self.score(rows)
        predictions = [{"correlation_id": key, **output} for key, output in zip(keys, outputs, strict=False)]
        if self._log is not None:
            self._record(rows, predictions, (time.perf_counter() - started) * 1000, mirrored, caller)
        return {"model_version": self.version, "predictions": predictions}

    def score(self, rows: list[list[Any]]) -> list[dict[str, Any]]:
        """The outputs of rows that the schema has found fit, in their order."""
        frame = self._frame(rows)
        if self._levels:
            return self._quantiles(frame)
        if self._classes is None:
            return [{"prediction": value} for value in self._model.predict(frame).tolist()]
        probability = self._model.predict_proba(frame)
        chosen = [self._classes[place] for place in probability.argmax(axis=1).tolist()]
        if len(self._classes) == 2:
            second = probability[:, 1].tolist()
            return [{"prediction": one, "probability": share} for one, share in zip(chosen, second, strict=False)]
        names = [str(one) for one in self._classes]
        shares = [dict(zip(names, row, strict=False)) for row in probability.tolist()]
        return [{"prediction": one, "probabilities": share} for one, share in zip(chosen, shares, strict=False)]

    def _quantiles(self, frame: Any) -> list[dict[str, Any]]:
        """A forecast's quantiles, in each row ascending, and the median as its prediction."""
        names, middle = [str(level) for level in self._levels], self._levels.index(0.5)
        table = [sorted(row) for row in self._model.transform(frame).tolist()]
        return [{"prediction": row[middle], "quantiles": dict(zip(names, row, strict=False))} for row in table]

    def _frame(self, rows: list[list[Any]]) -> Any:
        import pandas as pd

        columns = {}
        for place, (name, kind) in enumerate(self.types.items()):
            values = [row[place] for row in rows]
            if kind == "category":
                columns[name] = pd.Series([category(one) for one in values], dtype=object)
            else:
                columns[name] = pd.Series([math.nan if one is None else float(one) for one in values])
        return pd.DataFrame(columns)

    def _record(
        self,
        rows: list[list[Any]],
        predictions: list[dict[str, Any]],
        latency_ms: float,
        mirrored: bool,
        caller: str | None,
    ) -> None:
        common: dict[str, Any] = {"time": datetime.now(UTC).isoformat(), "model_version": self.version, **self._who}
        common["latency_ms"] = round(latency_ms, 3)
        if mirrored:
            common["mirrored"] = True
        if caller is not None:
            common["caller"] = caller
        records = [
            {**prediction, **common, "inputs": dict(zip(self.schema.names, row, strict=False))}
            for row, prediction in zip(rows, predictions, strict=False)
        ]
        self._log.add(records)  # type: ignore[union-attr]


def packed_folder(folder: Path) -> Path:
    """Where the packed model lies: in the folder, or, as in Azure ML's containers, in a folder of its own below."""
    if (folder / "perennial.json").exists():
        return folder
    below = list(folder.glob("*/perennial.json"))
    if len(below) != 1:
        raise FileNotFoundError(f"{folder} holds {len(below)} packed models; one is wanted.")
    return below[0].parent


def require_tested(folder: Path, wanted: str) -> None:
    """Refuse to serve other bytes than those that were registered and tested. The hash is platforms.folder_digest's."""
    content = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        content.update(path.read_bytes())
    if content.hexdigest() != wanted:
        raise RuntimeError(f"The model's bytes are not those that were registered: sha256 {content.hexdigest()}.")


_scorer: Scorer


def init() -> None:
    """Called once by the server, before it takes requests."""
    global _scorer
    found = keepers()
    log = PredictionLog(found, float(os.environ.get("PERENNIAL_LOG_FLUSH_SECONDS", "5"))) if found else None
    _scorer = load_scorer(log)


def load_scorer(log: PredictionLog | None) -> Scorer:
    """The model that `AZUREML_MODEL_DIR` holds, if it is the one that `PERENNIAL_MODEL_SHA256` names."""
    folder = packed_folder(Path(os.environ["AZUREML_MODEL_DIR"]))
    if os.environ.get("PERENNIAL_MODEL_SHA256"):
        require_tested(folder, os.environ["PERENNIAL_MODEL_SHA256"])
    return Scorer(folder, log)


def keepers() -> list[Keeper]:
    """What the environment asks for. A collector that cannot be had is told of, and does without."""
    found: list[Keeper] = []
    where = os.environ.get("PERENNIAL_PREDICTIONS_DIR")
    if where:
        found.append(Files(Path(where) / os.environ["PERENNIAL_ENDPOINT"] / os.environ["PERENNIAL_SLOT"]))
    if os.environ.get("AZUREML_MDC_CONFIG_PATH") or os.environ.get("AZUREML_MDC_ENABLED"):
        try:
            from data_collector import DataCollector, enabled_collections

            names = enabled_collections()
            found += [DataCollector(names)] if names else []
        except Exception as error:
            _say(f"predictions are not collected: {error!r}")
    return found


def run(data: str) -> Any:
    """Called by the server with the body of each request."""
    from azureml_inference_server_http.api.aml_response import AMLResponse

    try:
        try:
            body = json.loads(data)
        except ValueError as error:
            raise BadRequest("malformed", f"The body is no JSON: {error}.") from None
        return AMLResponse(_scorer.answer(body, _mirrored()), 200, json_str=True)
    except BadRequest as error:
        return AMLResponse(error.body, 400, json_str=True)


def _mirrored() -> bool:
    """Whether the gateway says that the request is a copy; on Azure nobody says so."""
    header = os.environ.get("PERENNIAL_MIRRORED_HEADER")
    if not header:
        return False
    from flask import request

    return header in request.headers
