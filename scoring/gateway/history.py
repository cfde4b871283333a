"""What a slot was asked, second by second, so that two slots can be compared over the same time."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KEPT_SECONDS = 24 * 3600
_WIDTH = math.log(1.05)  # latencies are kept to five per cent


@dataclass
class Second:
    requests: int = 0
    errors: int = 0
    latencies: Counter[int] = field(default_factory=Counter)


class History:
    """Of the last day, in memory: a gateway that was started again begins anew."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._seconds: dict[int, Second] = {}  # in the order of time, but for a clock that goes back

    def add(self, failed: bool, latency: float | None) -> None:
        """A request that has ended: whether by an error of the server's, and after how many seconds, if answered."""
        now = int(self._clock())
        second = self._seconds.get(now)
        if second is None:
            second = self._seconds[now] = Second()
            while next(iter(self._seconds)) < now - KEPT_SECONDS:
                del self._seconds[next(iter(self._seconds))]
        second.requests += 1
        second.errors += failed
        if latency is not None:
            second.latencies[round(math.log(max(latency, 1e-6)) / _WIDTH)] += 1

    def since(self, start: float) -> dict[str, Any]:
        """The whole seconds from then on that are over, and the 95th percentile in ms, to 5 %, of each and of all.

        A second is told as its Unix time, requests, errors and percentile.
        """
        now = int(self._clock())
        found = [(at, one) for at, one in self._seconds.items() if start <= at < now]
        latencies: Counter[int] = Counter()
        for _, one in found:
            latencies.update(one.latencies)
        intervals = [[at, one.requests, one.errors, _p95(one.latencies)] for at, one in found]
        return {"intervals": intervals, "p95_ms": _p95(latencies)}


def _p95(latencies: Counter[int]) -> float | None:
    left = 0.95 * latencies.total()
    for place, count in sorted(latencies.items()):
        left -= count
        if left <= 0:
            return round(1000 * math.exp(place * _WIDTH), 3)
    return None
