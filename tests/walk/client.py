"""A client that asks production all the time, and remembers when it was not answered."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType

import httpx

PAUSE_SECONDS = 0.12  # a request costs the machine some 15 ms, and scenes are played side by side
ROW = {"input_data": [{"age": 40, "weight": 70}]}


@dataclass(frozen=True)
class Missed:
    """A request without its answer."""

    at: float  # seconds, monotonic, when it was sent
    why: str


class Client:
    """One thread, with a connection that is kept."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {key}"}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.missed: list[Missed] = []
        self.answered_at: list[float] = []  # monotonic

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        with httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(keepalive_expiry=1.0)) as http:
            while not self._stop.is_set():
                sent = time.monotonic()
                try:
                    answer = http.post(self._url, json=ROW, headers=self._headers)
                    if answer.status_code == 200:
                        self.answered_at.append(time.monotonic())
                    else:
                        self.missed.append(Missed(sent, f"HTTP {answer.status_code}: {answer.text[:200]}"))
                except httpx.TransportError as error:
                    self.missed.append(Missed(sent, repr(error)))
                time.sleep(PAUSE_SECONDS)

    def silent_for(self, since: float) -> float:
        """The longest stretch without any answer since that moment, in seconds."""
        moments = [since, *(one for one in list(self.answered_at) if one > since), time.monotonic()]
        return max(after - before for before, after in pairwise(moments))
