"""Copies of requests: answered by another slot, known as copies, and nothing to the caller."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from platforms.local.blobs import LocalBlobStore
from platforms.ports import Refused
from platforms.prediction_log import PredictionLog
from scoring.gateway.history import History
from tests.scoring.conftest import Gateway
from tests.scoring.test_gateway import body
from tests.waiting import until

NAME = "copied"


@pytest.fixture(scope="module")
def mirrored(gateway: Gateway, model: Path) -> Iterator[Gateway]:
    """An endpoint whose green slot gets copies of half of what blue is asked."""
    gateway.endpoints.ensure(NAME, {})
    for version, slot in enumerate(("blue", "green"), start=1):
        gateway.deploy(NAME, slot, model, version)
    gateway.endpoints.set_traffic(NAME, {"blue": 100}, {"green": 50})
    yield gateway
    gateway.endpoints.set_traffic(NAME, {})
    for slot in ("blue", "green"):
        gateway.endpoints.delete_slot(NAME, slot)


def test_copies_are_answered_and_never_count_as_served(mirrored: Gateway) -> None:
    start = datetime.now(UTC)
    for number in range(60):
        answer = mirrored.post(NAME, body([40, 70], correlation_ids=[f"copy-{number}"]))
        assert (answer.status_code, answer.json()["model_version"]) == (200, 1)
    pinned = mirrored.post(NAME, body([40, 70], correlation_ids=["pinned"]), **{"azureml-model-deployment": "blue"})
    assert pinned.status_code == 200
    log, end = PredictionLog(LocalBlobStore(mirrored.folder)), start + timedelta(hours=1)

    def copied() -> int:
        return int((log.between(NAME, start, end, copies=True)["slot"] == "green").sum())

    until(lambda: log.between(NAME, start, end)["correlation_id"].nunique() == 61)
    metrics = mirrored.endpoints.metrics(NAME)
    until(lambda: copied() == metrics["green"]["requests"])
    assert 10 <= copied() <= 50
    served = log.between(NAME, start, end)
    assert set(served["slot"]) == {"blue"}
    assert set(served["model_version"]) == {1}
    every = log.between(NAME, start, end, copies=True)
    assert "pinned" not in set(every.loc[every["slot"] == "green", "correlation_id"]), "who chooses is not copied"


def test_seconds_are_counted_slot_by_slot(mirrored: Gateway) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    for _ in range(20):
        mirrored.post(NAME, body([40, 70]))
    until(lambda: mirrored.endpoints.served(NAME, start)["blue"].requests >= 20)
    found = mirrored.endpoints.served(NAME, start)
    assert found["green"].requests > 0
    assert all(one.start >= start and one.errors == 0 for slot in found.values() for one in slot.intervals)
    assert 0 < (found["blue"].p95_ms or 0) < 1000
    assert mirrored.endpoints.served(NAME, start + timedelta(hours=1))["blue"].requests == 0


def test_a_mirror_that_hangs_delays_nobody(mirrored: Gateway) -> None:
    servers = [one for one in psutil.Process(mirrored.process.pid).children(recursive=True) if _is_green(one)]
    assert servers
    for server in servers:
        server.send_signal(signal.SIGSTOP)
    try:
        began = time.perf_counter()
        for _ in range(60):
            assert mirrored.post(NAME, body([40, 70])).status_code == 200
        assert time.perf_counter() - began < 25  # a request that waits for it takes 30 s
    finally:
        for server in servers:
            server.send_signal(signal.SIGCONT)


def test_the_rules_of_copies(mirrored: Gateway) -> None:
    endpoints = mirrored.endpoints
    for traffic, mirror in (
        ({"blue": 100}, {"green": 51}),
        ({"blue": 50, "green": 50}, {"green": 10}),
        ({"blue": 100}, {"absent": 10}),
        ({"blue": 100}, {"green": -1}),
    ):
        with pytest.raises(Refused):
            endpoints.set_traffic(NAME, traffic, mirror)
    assert endpoints.get(NAME).mirror == {"green": 50}
    with pytest.raises(Refused, match="copies"):
        endpoints.delete_slot(NAME, "green")


def test_history_tells_whole_seconds_and_forgets() -> None:
    now = [1000.5]
    history = History(lambda: now[0])
    for _ in range(19):
        history.add(False, 0.010)
    history.add(True, 0.200)
    assert history.since(1000) == {"intervals": [], "p95_ms": None}, "the second is not over"
    now[0] = 1001.0
    found = history.since(1000)
    assert [one[:3] for one in found["intervals"]] == [[1000, 20, 1]]
    assert found["intervals"][0][3] == found["p95_ms"] == pytest.approx(10, rel=0.05)
    assert history.since(1000.1)["intervals"] == []
    now[0] += 25 * 3600
    history.add(True, None)
    now[0] += 1
    assert [one[:3] for one in history.since(0)["intervals"]] == [[91001, 1, 1]]


def _is_green(process: psutil.Process) -> bool:
    return f"/{NAME}-green-" in process.cwd()
