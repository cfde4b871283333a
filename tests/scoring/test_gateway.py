"""The gateway and what it serves, over HTTP."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from platforms.ports import Endpoint, NotFound, Refused, SlotState
from scoring.gateway.left_servers import lock_file
from tests.scoring.conftest import Gateway, registered
from tests.waiting import until


def body(*rows: list[Any], columns: tuple[str, ...] = ("age", "weight"), **more: Any) -> dict[str, Any]:
    return {"input_data": {"columns": list(columns), "data": list(rows)}, **more}


class Load:
    """Clients that score without a pause, and count what they are answered."""

    def __init__(self, gateway: Gateway, clients: int = 4) -> None:
        self.answers: Counter[tuple[int, str]] = Counter()
        self._stop = threading.Event()
        key = gateway.endpoints.key("toy")
        url = f"http://127.0.0.1:{gateway.ports['data']}/endpoints/toy/score"
        self._threads = [threading.Thread(target=self._work, args=(url, key)) for _ in range(clients)]

    def _work(self, url: str, key: str) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            while not self._stop.is_set():
                response = client.post(url, json=body([50, 70]))
                self.answers[response.status_code, response.headers.get("azureml-model-deployment", "")] += 1

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        until(lambda: sum(self.answers.values()) > 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def failed(self) -> dict[tuple[int, str], int]:
        return {key: count for key, count in self.answers.items() if key[0] != 200}


def test_an_answer(gateway: Gateway) -> None:
    response = gateway.post("toy", body([40, 70], [90, None], correlation_ids=["a", "b"]))
    assert response.status_code == 200
    assert response.headers["azureml-model-deployment"] == "blue"
    answer = response.json()
    assert answer["model_version"] == 1
    assert [row["correlation_id"] for row in answer["predictions"]] == ["a", "b"]
    assert all(0 <= row["probability"] <= 1 for row in answer["predictions"])


def test_records_are_answered_as_tables_are(gateway: Gateway) -> None:
    record = gateway.post("toy", {"input_data": [{"weight": 70, "age": 40, "name": "extra"}]}).json()
    table = gateway.post("toy", body([40, 70])).json()
    assert record["predictions"][0]["probability"] == table["predictions"][0]["probability"]


@pytest.mark.parametrize(
    ("request_body", "code", "column"),
    [
        (body([40], columns=("age",)), "missing_columns", "weight"),
        (body([None, 70]), "invalid_values", "age"),
        (body(["forty", 70]), "invalid_values", "age"),
        (body([True, 70]), "invalid_values", "age"),
        (body([40, 70.5]), "invalid_values", "weight"),
        ('{"input_data": {"columns": ["age", "weight"], "data": [[NaN, 70]]}}', "invalid_values", "age"),
        ('{"input_data": {"columns": ["age", "weight"], "data": [[Infinity, 70]]}}', "invalid_values", "age"),
        (body(), "no_rows", None),
        (body([40, 70, 1]), "uneven_rows", None),
        ("{", "malformed", None),
        ("[]", "malformed", None),
        (body([40, 70], [41, 71], correlation_ids=["a", "a"]), "correlation_ids", None),
    ],
)
def test_what_cannot_be_scored_is_told(gateway: Gateway, request_body: Any, code: str, column: str | None) -> None:
    response = gateway.post("toy", request_body)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["code"] == code
    assert column is None or error["details"][0]["column"] == column


def test_a_huge_body_is_refused_unread(gateway: Gateway) -> None:
    response = gateway.post("toy", b" " * 100_000_000)
    assert response.status_code == 413
    assert "larger than 10 MB" in response.json()["error"]["message"]
    assert gateway.post("toy", body([40, 70])).status_code == 200


def test_keys_and_names(gateway: Gateway) -> None:
    url = f"http://127.0.0.1:{gateway.ports['data']}/endpoints"
    assert httpx.post(f"{url}/toy/score", json=body([40, 70])).status_code == 401
    wrong = {"Authorization": "Bearer wrong"}
    assert httpx.post(f"{url}/toy/score", json=body([40, 70]), headers=wrong).status_code == 401
    assert httpx.post(f"{url}/absent/score", json=body([40, 70]), headers=wrong).status_code == 404
    assert gateway.post("toy", body([40, 70]), **{"azureml-model-deployment": "absent"}).status_code == 404
    admin = f"http://127.0.0.1:{gateway.ports['admin']}/admin/endpoints"
    assert httpx.get(admin).status_code == 401


def test_the_rules_of_traffic(gateway: Gateway, model: Path) -> None:
    endpoints = gateway.endpoints
    for traffic in ({"blue": 50}, {"blue": 101}, {"absent": 100}):
        with pytest.raises(Refused):
            endpoints.set_traffic("toy", traffic)
    with pytest.raises(Refused, match="live traffic"):
        endpoints.delete_slot("toy", "blue")
    with pytest.raises(Refused, match="live traffic"):
        endpoints.deploy("toy", "blue", registered(model, 9), {"model_version": "9"})
    endpoints.deploy("toy", "blue", registered(model, 1), {"model_version": "1"})  # the same again: nothing happens
    assert endpoints.get("toy").traffic == {"blue": 100}
    with pytest.raises(Refused):
        endpoints.ensure("No Name", {})
    with pytest.raises(NotFound):
        endpoints.get("absent")


def test_no_request_fails_while_slots_come_and_go(gateway: Gateway, model: Path) -> None:
    with Load(gateway) as load:
        gateway.deploy("toy", "green", model, 2)
        for live in ("green", "blue", "green"):
            gateway.endpoints.set_traffic("toy", {live: 100})
            before = load.answers[200, live]
            until(lambda live=live, before=before: load.answers[200, live] > before + 20)
        gateway.deploy("toy", "blue", model, 3)
        gateway.endpoints.set_traffic("toy", {"blue": 100})
        gateway.endpoints.delete_slot("toy", "green")
    assert load.failed == {}
    assert gateway.post("toy", body([40, 70])).json()["model_version"] == 3


def test_a_server_that_is_killed_comes_back(gateway: Gateway) -> None:
    """With nobody to stand in, requests fail until it is up again, and then none does."""
    servers = psutil.Process(gateway.process.pid).children(recursive=True)
    for server in servers:
        with suppress(psutil.NoSuchProcess):  # a worker ends by itself when its server has
            server.kill()
    until(lambda: gateway.post("toy", body([40, 70])).status_code == 200)


@pytest.mark.skipif(sys.platform != "linux", reason="servers are forked on Linux only")
def test_servers_do_not_depend_on_what_forked_them(gateway: Gateway, model: Path) -> None:
    forks = [one for one in psutil.Process(gateway.process.pid).children() if not one.children()]
    with Load(gateway) as load:
        for one in forks:
            one.kill()
        gateway.deploy("toy", "green", model, 5)
        gateway.endpoints.set_traffic("toy", {"green": 100})
        until(lambda: load.answers[200, "green"] > 20)
        gateway.endpoints.set_traffic("toy", {"blue": 100})
        gateway.endpoints.delete_slot("toy", "green")
    assert forks
    assert load.failed == {}


def test_a_model_that_cannot_be_loaded_fails_with_its_log(gateway: Gateway, model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.skops").write_bytes(b"no model")
    gateway.endpoints.deploy("toy", "green", registered(tmp_path, 4), {"model_version": "4"})
    until(lambda: gateway.endpoints.get("toy").slots["green"].state is SlotState.FAILED)
    assert "ended with exit code" in gateway.endpoints.get("toy").slots["green"].reason
    assert "BadZipFile" in gateway.endpoints.logs("toy", "green")
    with pytest.raises(Refused, match="failed"):
        gateway.endpoints.set_traffic("toy", {"green": 100})
    gateway.endpoints.delete_slot("toy", "green")


def test_predictions_are_logged(gateway: Gateway) -> None:
    gateway.post("toy", body([44, 70], correlation_ids=["logged-1"]))

    def line() -> dict[str, Any] | None:
        for file in (gateway.folder / "predictions" / "toy" / "blue").rglob("*.jsonl"):
            for text in file.read_text().splitlines():
                if json.loads(text)["correlation_id"] == "logged-1":
                    found: dict[str, Any] = json.loads(text)
                    return found
        return None

    until(line)
    found = line()
    assert found is not None
    assert found["inputs"] == {"age": 44, "weight": 70}
    assert found["slot"] == "blue"


def test_a_gateway_that_is_killed_comes_back_as_it_was(gateway: Gateway) -> None:
    """Its servers live on and are taken over, so that it answers within seconds."""
    before, servers = _settled(gateway), _servers(gateway)
    gateway.kill()
    gateway.start()
    began = time.monotonic()
    until(lambda: gateway.post("toy", body([40, 70])).status_code == 200)
    assert time.monotonic() - began < 5
    assert _settled(gateway) == before
    assert all(server.is_running() for server in servers)
    servers[0].kill()
    until(lambda: [one.pid for one in _servers(gateway)] not in ([], [servers[0].pid]))
    until(lambda: gateway.post("toy", body([40, 70])).status_code == 200)


@pytest.mark.parametrize("lock", ["stays", "is gone"])
def test_no_server_outlives_a_gateway_that_does_not_come_back(gateway: Gateway, lock: str) -> None:
    before, servers = _settled(gateway), _servers(gateway)
    gateway.kill()
    if lock == "is gone":
        lock_file(gateway.folder / "state").unlink()
    assert servers
    assert psutil.wait_procs(servers, timeout=240)[1] == []
    gateway.start()
    until(lambda: gateway.post("toy", body([40, 70])).status_code == 200)
    assert _settled(gateway) == before


def test_what_no_slot_has_any_more_is_ended(gateway: Gateway) -> None:
    """As where a gateway was killed while it deleted a slot."""
    slots = gateway.folder / "state" / "slots"
    used = _servers(gateway)[0]
    gateway.kill()
    (record,) = (gateway.folder / "state" / "endpoints").glob("toy.json")
    content = json.loads(record.read_text())
    record.write_text(json.dumps({**content, "slots": {}, "traffic": {}, "mirror": {}}))
    gateway.start()
    assert psutil.wait_procs([used], timeout=240)[1] == []
    assert list(slots.glob("toy-*")) == []


def _settled(gateway: Gateway) -> Endpoint:
    """Once all of its slots are healthy: one may answer before that is seen."""
    get = partial(gateway.endpoints.get, "toy")
    until(lambda: all(slot.state is SlotState.HEALTHY for slot in get().slots.values()))
    return get()


def _servers(gateway: Gateway) -> list[psutil.Process]:
    """The slots' servers that run, as they are written down for a later gateway."""
    slots = json.loads((gateway.folder / "state" / "endpoints" / "toy.json").read_text())["slots"].values()
    told = [json.loads((Path(slot["folder"]) / "server.json").read_text()) for slot in slots]
    return [psutil.Process(one["pid"]) for one in told if psutil.pid_exists(one["pid"])]
