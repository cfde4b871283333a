"""What follows from what a load test measured; how it is measured, against a server of the test's own."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import numpy as np
import pytest

from lifecycle.limits import ServiceLimits
from lifecycle.suite import LoadTest
from monitoring.load import measured, slower_by
from tasks.baseline import keep_measured, measured_before
from tasks.load import Answers, ask_in_turns
from tasks.staging_checks.endpoint import absolute, not_slower
from tests.tasks.subjects import Reads, subject_of, version_of, workload_of

RNG = np.random.default_rng(0)
FAST = RNG.gamma(4, 5, 200).tolist()  # p95 around 39 ms
SLOW = RNG.gamma(4, 20, 200).tolist()


class Answering(BaseHTTPRequestHandler):
    """Counts by slot; refuses every fifth request of the slot `flaky`."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[Counter[str]] = Counter()
    lock = threading.Lock()

    def do_POST(self) -> None:
        slot = self.headers["slot"]
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            self.seen[slot] += 1
            status = 503 if slot == "flaky" and self.seen[slot] % 5 == 0 else 200
        content = json.dumps({"slot": slot}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Not a word."""


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    Answering.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_slots_are_asked_in_turns_and_errors_are_counted(url: str) -> None:
    clients = [httpx.Client(headers={"slot": slot}) for slot in ("steady", "flaky")]
    (steady, flaky), seconds = ask_in_turns(clients, url, [b"{}"], requests=50, connections=4)
    for client in clients:
        client.close()
    assert Answering.seen == {"steady": 50, "flaky": 50}
    assert (len(steady.latencies_ms), steady.errors) == (50, 0)
    assert (len(flaky.latencies_ms), flaky.errors) == (40, 10)
    assert flaky.first_error == 'HTTP 503: {"slot": "flaky"}'
    assert seconds > 0


def test_it_ends_in_time_with_what_there_is(url: str) -> None:
    with httpx.Client(headers={"slot": "steady"}) as client:
        (answers,), seconds = ask_in_turns([client], url, [b"{}"], requests=10**9, connections=2, within=0.3)
    assert 0.3 <= seconds < 5
    assert len(answers.latencies_ms) == Answering.seen["steady"]


def test_a_server_that_is_gone_is_an_error_of_each_request() -> None:
    with httpx.Client() as client:
        (answers,), _ = ask_in_turns([client], "http://127.0.0.1:9/", [b"{}"], requests=50, connections=2)
    assert (answers.errors, answers.latencies_ms) == (50, [])


def test_slower_is_said_with_its_interval() -> None:
    found = slower_by(SLOW, FAST, seed=0)
    assert found is not None
    ratio, low, high = found
    assert 2 < low < ratio < high
    assert slower_by(SLOW, FAST, seed=0) == found
    assert slower_by(FAST[:19], FAST, seed=0) is None


def test_as_fast_is_never_too_slow() -> None:
    """Two of the same, a hundred times over, with busy moments that slow many answers at once."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        ours, theirs = (
            (rng.gamma(4, 20, 200) * np.repeat(rng.choice([1, 4], 20, p=[0.9, 0.1]), 10)).tolist() for _ in range(2)
        )
        assert not_slower(ours, theirs, LoadTest(), 2.0).passed


def test_beyond_the_limit_and_the_floor() -> None:
    assert not not_slower(SLOW, FAST, LoadTest(), 2.0).passed
    assert not_slower(SLOW, FAST, LoadTest(), 10.0).passed
    floor = not_slower(SLOW, FAST, LoadTest(floor_ms=1000), 2.0)
    assert floor.passed
    assert "up to 1000 ms is fast enough" in floor.seen


def test_errors_and_latencies_are_held_to_the_limits_of_the_service() -> None:
    found = measured([10.0] * 57, errors=3, seconds=1.0)
    failed = [check.name for check in absolute(found, Answers(errors=3), ServiceLimits(p99_ms=5)) if not check.passed]
    assert failed == ["requests are answered", "p99_ms at most 5"]
    assert all(check.passed for check in absolute(found, Answers(errors=3), ServiceLimits(error_rate=None)))
    few = absolute(measured([10.0] * 19, 0, 1.0), Answers(), ServiceLimits())
    assert [check.name for check in few if not check.passed] == ["enough answers in time"]


def test_a_champion_that_nobody_measured_cannot_be_passed(tmp_path: Path) -> None:
    """The check is not skipped. What the champion's own release measured stands in for a baseline."""
    context = subject_of(tmp_path, workload_of(), Reads()).context
    assert measured_before(context, version_of(1)) is None
    check = not_slower(FAST, None, LoadTest(), 2.0, "release.load.baseline is off")
    assert not check.passed
    assert check.seen.startswith("it cannot be evaluated: release.load.baseline is off, and nobody measured it")
    keep_measured(context, version_of(1), measured(FAST, 0, 1.0, (100.0, 101.0), 2.0))
    kept = measured_before(context, version_of(1))
    assert kept is not None
    assert (kept.memory_growth_mb, kept.cold_start_s) == (1.0, 2.0)
    assert kept.p95_ms is not None
    assert not_slower(FAST, [kept.p95_ms] * 200, LoadTest(), 2.0, "release.load.baseline is off").passed
