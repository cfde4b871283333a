"""The scoring server beside Azure ML's data collector: what it sends, and that a broken one costs nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.ports import free_ports
from scoring import ENTRY_SCRIPTS
from scoring.data_collector import MAX_WAITING_PAYLOADS
from scoring.environment import build_environment
from scoring.score import keepers
from tests.scoring.conftest import ROOT
from tests.waiting import until

CONFIG = {"collections": {"model_inputs": {"enabled": True}, "model_outputs": {"enabled": True}, "other": {}}}


class Collector:
    """Takes what `azureml-ai-monitoring` sends; while `open` is not set, it lets its callers wait."""

    def __init__(self, port: int = 0) -> None:
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

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
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

    def __init__(self, folder: Path, model: Path, collector_port: int) -> None:
        self.log = folder / "server.log"
        self.port = free_ports(["server"])["server"]
        for script in (*ENTRY_SCRIPTS, "serve.py"):
            shutil.copyfile(ROOT / "scoring" / script, folder / script)
        own = {"AZUREML_MODEL_DIR": str(model), "PERENNIAL_SLOT": "blue", "PERENNIAL_ENDPOINT": "toy"}
        own |= {"PERENNIAL_LOG_FLUSH_SECONDS": "0.1", "PERENNIAL_PREDICTIONS_DIR": str(folder / "predictions")}
        own |= {"WORKER_COUNT": "1", "AML_APP_INSIGHTS_ENABLED": "false", "PATH": os.environ["PATH"]}
        (folder / "collector.json").write_text(json.dumps(CONFIG))
        own |= {"AZUREML_MDC_CONFIG_PATH": str(folder / "collector.json"), "AZUREML_MDC_PORT": str(collector_port)}
        python = build_environment(ROOT / ".perennial" / "environments")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "serve.py", "--entry_script", "score.py", "--port", str(self.port)],
                cwd=folder,
                env=own,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=5, trust_env=False)
        self.predictions = folder / "predictions"
        until(self._answers)

    def score(self, *rows: dict[str, Any]) -> httpx.Response:
        return self._http.post("/score", content=json.dumps({"input_data": list(rows)}))

    def logged(self) -> int:
        return sum(len(file.read_text().splitlines()) for file in self.predictions.rglob("*.jsonl"))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(120)
            self._http.close()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self._http.get("/").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module", name="collector")
def _collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory, model: Path, collector: Collector) -> Iterator[Server]:
    """One for all tests; the last of them stops it."""
    started = Server(tmp_path_factory.mktemp("server"), model, collector.port)
    yield started
    started.stop()


def test_what_is_sent(server: Server, collector: Collector) -> None:
    collector.open.set()
    age = 41.123456789012345
    answer = server.score({"age": age, "weight": 10**30}, {"age": 1e-13, "weight": float("nan")}).json()
    until(lambda: len(collector.rows("model_outputs")) == 2, 10)
    first, second = collector.rows("model_inputs")
    assert (first["age"], first["weight"]) == (age, 10**30)
    assert (second["age"], second["weight"]) == (1e-13, None)
    shared = ("correlation_id", "time", "model_version", "slot")
    outputs = collector.rows("model_outputs")
    assert [{name: row[name] for name in shared} for row in outputs] == [
        {name: row[name] for name in shared} for row in (first, second)
    ]
    told = ("correlation_id", "prediction", "probability")
    assert [{name: row[name] for name in told} for row in outputs] == answer["predictions"]
    headers, _ = collector.taken[0]
    assert headers["ce-collect-data-type"] == "pandas.core.frame.DataFrame"
    assert headers["ce-agent"] == "azureml-ai-monitoring/1.0.0"


def test_a_collector_that_hangs_costs_nothing(server: Server, collector: Collector) -> None:
    collector.open.clear()
    first, slowest = server.logged(), 0.0
    for number in range(MAX_WAITING_PAYLOADS):
        started = time.perf_counter()
        assert server.score({"age": 40.0, "weight": 80}).status_code == 200
        slowest = max(slowest, time.perf_counter() - started)
        until(lambda known=first + number: server.logged() > known, 10)  # so that each is a payload of its own
    assert slowest < 1.0
    until(lambda: "data collector: it does not take predictions" in server.log.read_text(), 10)
    collector.open.set()
    sent = MAX_WAITING_PAYLOADS // 2  # two a request
    until(lambda: len(collector.rows("model_outputs")) >= sent, 10)
    before = len(collector.rows("model_outputs"))
    assert server.score({"age": 41.0, "weight": 80}).status_code == 200
    until(lambda: len(collector.rows("model_outputs")) > before, 10)


def test_what_waits_is_sent_when_the_server_ends(server: Server, collector: Collector) -> None:
    collector.open.set()
    answer = server.score({"age": 40.0, "weight": 80}).json()
    server.stop()
    (scored,) = (prediction["correlation_id"] for prediction in answer["predictions"])
    for collection in ("model_inputs", "model_outputs"):
        assert [row["correlation_id"] for row in collector.rows(collection)].count(scored) == 1


def test_one_that_is_not_there_or_does_not_answer_lets_the_server_be(tmp_path: Path, model: Path) -> None:
    port = free_ports(["nobody"])["nobody"]
    server = Server(tmp_path, model, port)
    assert server.score({"age": 40.0, "weight": 80}).status_code == 200
    until(lambda: "mdc request raise exception" in server.log.read_text(), 10)
    hanging = Collector(port)
    assert server.score({"age": 40.0, "weight": 80}).status_code == 200
    until(lambda: server.logged() == 2, 10)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 15
    hanging.close()


@pytest.mark.parametrize("config", ["{no JSON", '{"collections": 3}', '{"collections": {"model_inputs": 3}}', None])
def test_a_wrong_configuration_lets_the_server_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], config: str | None
) -> None:
    file = tmp_path / "collector.json"
    if config is not None:
        file.write_text(config)
    monkeypatch.syspath_prepend(str(ROOT / "scoring"))  # where score.py finds what is copied beside it
    monkeypatch.setenv("AZUREML_MDC_CONFIG_PATH", str(file))
    monkeypatch.delenv("PERENNIAL_PREDICTIONS_DIR", raising=False)
    assert keepers() == []
    assert "predictions are not collected" in capsys.readouterr().out
