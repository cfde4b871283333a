"""The front before a real endpoint: who gets which version, and nobody notices when a test begins, ends or breaks."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from platforms.local.blobs import LocalBlobStore
from platforms.prediction_log import PredictionLog
from scoring.assignment import assign
from tests.scoring.conftest import Gateway
from tests.scoring.fronting import Fronted, fronted
from tests.scoring.test_gateway import body
from tests.waiting import until

NAME, TEST, SHARE = "fronted", "t-1", 40


@pytest.fixture(scope="module", name="both")
def _both(gateway: Gateway, model: Path) -> Iterator[Gateway]:
    """An endpoint whose version 1 gets all requests, with version 2 beside it."""
    gateway.endpoints.ensure(NAME, {})
    for version, slot in enumerate(("blue", "green"), start=1):
        gateway.deploy(NAME, slot, model, version)
    gateway.endpoints.set_traffic(NAME, {"blue": 100})
    yield gateway
    gateway.endpoints.set_traffic(NAME, {})
    for slot in ("blue", "green"):
        gateway.endpoints.delete_slot(NAME, slot)


@pytest.fixture(name="front")
def _front(both: Gateway) -> Iterator[Fronted]:
    with fronted(f"http://127.0.0.1:{both.ports['data']}/endpoints/{NAME}/score") as front:
        yield front


def ask(gateway: Gateway, front: Fronted, caller: str | None, **more: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {gateway.endpoints.key(NAME)}", **more}
    if caller is not None:
        headers["x-caller-id"] = caller
    return httpx.post(front.url, json=body([40, 70]), headers=headers, timeout=30)


def version_for(gateway: Gateway, front: Fronted, caller: str | None, **more: str) -> int:
    answer = ask(gateway, front, caller, **more)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["model_version"])


def meant(caller: str) -> int:
    return 2 if assign(TEST, "salt", caller, SHARE / 100).arm == "challenger" else 1


def begin(gateway: Gateway, front: Fronted) -> None:
    """Have the test run, and wait until the front knows of it."""
    front.test(TEST, "green", SHARE)
    someone = next(f"c{number}" for number in range(99) if meant(f"c{number}") == 2)
    until(lambda: version_for(gateway, front, someone) == 2, 10)


class Load:
    """Callers that ask through the front without a pause."""

    def __init__(self, gateway: Gateway, front: Fronted) -> None:
        self.statuses: Counter[int] = Counter()
        self.versions: Counter[int] = Counter()
        self._stop = threading.Event()
        key = gateway.endpoints.key(NAME)
        self._threads = [threading.Thread(target=self._work, args=(front.url, key, n)) for n in range(3)]

    def _work(self, url: str, key: str, seed: int) -> None:
        turn = 0
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            while not self._stop.is_set():
                turn += 1
                answer = client.post(url, json=body([50, 70]), headers={"x-caller-id": f"{seed}-{turn % 50}"})
                self.statuses[answer.status_code] += 1
                self.versions[answer.json().get("model_version", 0)] += 1

    def more(self, version: int, count: int = 30) -> None:
        """Wait for so many more answers of that version."""
        before = self.versions[version]
        until(lambda: self.versions[version] >= before + count)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_callers_get_their_arm_again_and_again_also_from_another_front(both: Gateway, front: Fronted) -> None:
    begin(both, front)
    callers = [f"caller-{number}" for number in range(30)]
    wanted = {one: meant(one) for one in callers}
    assert set(wanted.values()) == {1, 2}
    for _ in range(2):
        assert {one: version_for(both, front, one) for one in callers} == wanted
    with fronted(front.url) as second:  # before the first one, even
        begin(both, second)
        assert {one: version_for(both, second, one) for one in callers[:10]} == {
            one: wanted[one] for one in callers[:10]
        }


def test_who_does_not_count_gets_what_the_endpoint_gives(both: Gateway, front: Fronted) -> None:
    assert version_for(both, front, "c2") == 1, "no test runs"
    begin(both, front)
    assert {version_for(both, front, None) for _ in range(10)} == {1}
    challenged = next(f"c{number}" for number in range(99) if meant(f"c{number}") == 2)
    assert version_for(both, front, challenged, **{"azureml-model-deployment": "blue"}) == 1, "who chooses is let"
    assert version_for(both, front, "x" * 1000) == 1


def test_the_log_tells_callers_as_hashes_and_probes_of_others_not_at_all(both: Gateway, front: Fronted) -> None:
    begin(both, front)
    start = datetime.now(UTC)
    callers = [f"logged-{number}@example.org" for number in range(12)]
    for caller in callers:
        ask(both, front, caller)
    ask(both, front, None)
    log = PredictionLog(LocalBlobStore(both.folder))
    until(lambda: len(log.between(NAME, start, start + timedelta(hours=1))) == 13)
    rows = log.between(NAME, start, start + timedelta(hours=1))
    wanted = {assign(TEST, "salt", one, SHARE / 100).logged: meant(one) for one in callers}
    told = rows.dropna(subset="caller")
    assert dict(zip(told["caller"], told["model_version"], strict=True)) == wanted
    text = "".join(file.read_text() for file in (both.folder / "predictions" / NAME).rglob("*.jsonl"))
    assert "example.org" not in text


def test_what_is_wrong_is_told_as_the_endpoint_tells_it(both: Gateway, front: Fronted) -> None:
    begin(both, front)
    url = front.url
    assert httpx.post(url, json=body([40, 70])).status_code == 401
    assert httpx.post(url, json=body([40, 70]), headers={"Authorization": b"Bearer \xe9"}).status_code == 401
    assert httpx.get(url).status_code == 405
    assert httpx.post(url.removesuffix("score"), content=b"{}").status_code == 404
    key = {"Authorization": f"Bearer {both.endpoints.key(NAME)}", "x-caller-id": "ada"}
    answer = httpx.post(url, json=body(["forty", 70]), headers=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_values")
    assert httpx.post(url, content=b" " * 11_000_000, headers=key).status_code == 413


def test_no_request_fails_when_a_test_begins_breaks_or_ends(both: Gateway, front: Fronted) -> None:
    with Load(both, front) as load:
        load.more(1)
        begin(both, front)
        load.more(2)
        _kill(both, "green")
        load.more(1, 100)
        load.more(2)  # its server is up again
        front.test(TEST, "gone", SHARE)  # a slot that is not there
        load.more(1, 100)
        front.plan = b'{"test": '  # what nobody can read is no test
        load.more(1)
        front.test(TEST, "green", SHARE)
        load.more(2)
        front.plan = None
        load.more(1, 100)
        before = load.versions[2]
        load.more(1, 100)
        assert load.versions[2] == before
    assert set(load.statuses) == {200}


def test_a_test_ends_by_its_time_though_its_plan_stays(both: Gateway, front: Fronted) -> None:
    begin(both, front)
    front.test(TEST, "green", 100, until=(datetime.now(UTC) + timedelta(seconds=1)).timestamp())
    until(lambda: version_for(both, front, "anybody") == 2, 10)
    until(lambda: version_for(both, front, "anybody") == 1, 10)
    assert json.loads(front.plan or b"")["share"] == 100


def test_a_plan_that_cannot_be_read_is_told_once_and_the_last_one_stays(
    both: Gateway, front: Fronted, capfd: pytest.CaptureFixture[str]
) -> None:
    begin(both, front)
    front.test(TEST, "green", 100)
    until(lambda: version_for(both, front, "anybody") == 2, 10)
    front.unreadable, told = PermissionError("no"), ""
    for _ in range(20):
        assert version_for(both, front, "anybody") == 2
        told += capfd.readouterr().err
    assert told.count("PermissionError") == 1
    front.unreadable, front.plan = None, None
    until(lambda: version_for(both, front, "anybody") == 1, 10)


def _kill(gateway: Gateway, slot: str) -> None:
    for server in psutil.Process(gateway.process.pid).children(recursive=True):
        if f"/{NAME}-{slot}-" in server.cwd():
            server.kill()
