"""The scoring server beside Azure ML's data collector: what it sends, and that a broken one costs no request anything."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.ports import free_ports
from scoring import ENTRY_SCRIPTS
from scoring.environment import build_environment
from tests.scoring.conftest import ROOT, wait

CONFIG = {"collections": {"model_inputs": {"enabled": True}, "model_outputs": {"enabled": True}, "other": {}}}


class Collector:
    """Takes what `azureml-ai-monitoring` sends; while `open` is not set, it lets its callers wait."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], list[dict[str, Any]]]] = []
        self.open = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                collector.open.wait()
                collector.taken.append((dict(self.headers), json.loads(content)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def rows(self, collection: str) -> list[dict[str, Any]]:
        wanted = f"azureml.inference.{collection}"
        return [row for headers, rows in self.taken if headers["ce-type"] == wanted for row in rows]

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()


class Server:
    """One scoring server, as a container would run it."""

    def __init__(self, folder: Path, model: Path, environment: dict[str, str]) -> None:
        self.log = folder / "server.log"
        self.port = free_ports(["server"])["server"]
        for script in (*ENTRY_SCRIPTS, "serve.py"):
            shutil.copyfile(ROOT / "scoring" / script, folder / script)
        own = {"AZUREML_MODEL_DIR": str(model), "PERENNIAL_SLOT": "blue", "PERENNIAL_ENDPOINT": "toy"}
        own |= {"PERENNIAL_LOG_FLUSH_SECONDS": "0.1", "PERENNIAL_PREDICTIONS_DIR": str(folder / "predictions")}
        own |= {"WORKER_COUNT": "1", "AML_APP_INSIGHTS_ENABLED": "false", "PATH": os.environ["PATH"]}
        python = build_environment(ROOT / ".perennial" / "environments")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "serve.py", "--entry_script", "score.py", "--port", str(self.port)],
                cwd=folder,
                env={**own, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5, trust_env=False)
        self.predictions = folder / "predictions"
        wait(self._answers)

    def score(self, *rows: dict[str, Any]) -> httpx.Response:
        return self._http.post("/score", content=json.dumps({"input_data": list(rows)}))

    def logged(self) -> int:
        return sum(len(file.read_text().splitlines()) for file in self.predictions.rglob("*.jsonl"))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self._http.close()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self._http.get("/").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def serve(tmp_path: Path, model: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server with a collector's configuration and port."""
    started: list[Server] = []

    def start(config: str, port: int) -> Server:
        (tmp_path / "config.json").write_text(config)
        known = {"AZUREML_MDC_CONFIG_PATH": str(tmp_path / "config.json"), "AZUREML_MDC_PORT": str(port)}
        started.append(Server(tmp_path, model, known))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


def test_what_is_sent(serve: Callable[..., Server], collector: Collector) -> None:
    collector.open.set()
    server = serve(json.dumps(CONFIG), collector.port)
    age = 41.123456789012345
    answer = server.score({"age": age, "weight": 10**30}, {"age": 1e-13, "weight": float("nan")}).json()
    wait(lambda: len(collector.rows("model_outputs")) == 2, 10)
    first, second = collector.rows("model_inputs")
    assert (first["age"], first["weight"]) == (age, 10**30)
    assert (second["age"], second["weight"]) == (1e-13, None)
    shared = ("correlation_id", "time", "model_version", "slot")
    outputs = collector.rows("model_outputs")
    assert [{name: row[name] for name in shared} for row in outputs] == [
        {name: row[name] for name in shared} for row in (first, second)
    ]
    assert [{name: row[name] for name in one} for row, one in zip(outputs, answer["predictions"], strict=True)] == (
        answer["predictions"]
    )
    headers, _ = collector.taken[0]
    assert headers["ce-collect-data-type"] == "pandas.core.frame.DataFrame"
    assert headers["ce-agent"] == "azureml-ai-monitoring/1.0.0"


def test_a_collector_that_hangs_costs_nothing(serve: Callable[..., Server], collector: Collector) -> None:
    server = serve(json.dumps(CONFIG), collector.port)
    slowest = 0.0
    for _ in range(150):  # each a payload of its own, more than may wait
        before = server.logged()
        started = time.perf_counter()
        assert server.score({"age": 40.0, "weight": 80}).status_code == 200
        slowest = max(slowest, time.perf_counter() - started)
        if before < 80:
            wait(lambda known=before: server.logged() > known, 10)
    assert slowest < 1.0
    wait(lambda: server.logged() == 150, 10)
    assert "data collector: it does not take predictions" in server.log.read_text()
    collector.open.set()
    wait(lambda: len(collector.rows("model_outputs")) >= 30, 10)
    before = len(collector.rows("model_outputs"))
    assert server.score({"age": 41.0, "weight": 80}).status_code == 200
    wait(lambda: len(collector.rows("model_outputs")) > before, 10)


def test_a_server_ends_though_its_collector_hangs(serve: Callable[..., Server], collector: Collector) -> None:
    server = serve(json.dumps(CONFIG), collector.port)
    assert server.score({"age": 40.0, "weight": 80}).status_code == 200
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 15
    assert server.logged() == 1


def test_what_waits_is_sent_when_the_server_ends(serve: Callable[..., Server], collector: Collector) -> None:
    collector.open.set()
    server = serve(json.dumps(CONFIG), collector.port)
    assert server.score({"age": 40.0, "weight": 80}).status_code == 200
    server.stop()
    assert len(collector.rows("model_inputs")) == len(collector.rows("model_outputs")) == 1


@pytest.mark.parametrize("config", [json.dumps(CONFIG), "{no JSON", '{"collections": 3}'])
def test_a_collector_that_is_not_there_or_wrong_costs_nothing(serve: Callable[..., Server], config: str) -> None:
    server = serve(config, free_ports(["nobody"])["nobody"])
    for _ in range(3):
        assert server.score({"age": 40.0, "weight": 80}).status_code == 200
    wait(lambda: server.logged() == 3, 10)
    told = "mdc request raise exception" if config.startswith('{"collections": {') else "predictions are not collected"
    wait(lambda: told in server.log.read_text(), 10)
