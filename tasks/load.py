"""A bounded load on slots of an endpoint: several connections that ask them in turns, as long as they may."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx


@dataclass
class Answers:
    """What one slot answered: milliseconds of each request that went well, in the order of their ends."""

    latencies_ms: list[float] = field(default_factory=list)
    errors: int = 0
    first_error: str = ""


def ask_in_turns(
    slots: Sequence[httpx.Client],
    url: str,
    bodies: Sequence[bytes],
    *,
    requests: int,
    connections: int,
    within: float = float("inf"),
) -> tuple[list[Answers], float]:
    """Ask every slot that many times, over so many connections in all; what each answered, and the seconds it took.

    slots: a client for each, that reaches no other. They are asked one after the other, request by request, so that
    whatever slows this machine slows all of them. No request is begun after `within` seconds.
    """
    found = [Answers() for _ in slots]
    turns = itertools.count()
    lock = threading.Lock()
    started = time.perf_counter()

    def work() -> None:
        while time.perf_counter() - started < within:
            with lock:
                turn = next(turns)
            if turn >= requests * len(slots):
                return
            place, body = turn % len(slots), bodies[(turn // len(slots)) % len(bodies)]
            _ask(slots[place], url, body, found[place], lock)

    with ThreadPoolExecutor(connections, thread_name_prefix="load") as pool:
        for done in [pool.submit(work) for _ in range(connections)]:
            done.result()
    return found, time.perf_counter() - started


def _ask(client: httpx.Client, url: str, body: bytes, answers: Answers, lock: threading.Lock) -> None:
    started = time.perf_counter()
    try:
        response = client.post(url, content=body, headers={"Content-Type": "application/json"})
        problem = "" if response.status_code == 200 else f"HTTP {response.status_code}: {response.text[:200]}"
    except httpx.TransportError as error:
        problem = f"{type(error).__name__}: {error}"
    took = (time.perf_counter() - started) * 1000
    with lock:
        if problem:
            answers.errors += 1
            answers.first_error = answers.first_error or problem
        else:
            answers.latencies_ms.append(took)
