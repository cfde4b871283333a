"""The share of this machine that a model server's processes take: processor and memory, in per cent."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

_MOST_KEPT = 10_000
_SHORTEST_SECONDS = 1.0
_MINUTE = 60


@dataclass
class _Measured:
    """One server: what its processes had used when it was last looked at, and what was found."""

    pid: int
    at: float
    busy: float
    samples: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))


class Utilisation:
    """Measures when it is asked or a request has passed: the mean since the last time, the first since the start."""

    def __init__(self, process_of: Callable[[str, str, str], int | None]) -> None:
        self._process_of = process_of
        self._measured: dict[tuple[str, str, str], _Measured] = {}

    def measure(self, workspace: str, endpoint: str, name: str) -> None:
        """Take a sample, unless the last is hardly older than nothing or there is no server."""
        pid, key, now = self._process_of(workspace, endpoint, name), (workspace, endpoint, name), time.time()
        before = self._measured.get(key)
        if pid is None or (before is not None and before.pid == pid and now - before.at < _SHORTEST_SECONDS):
            return
        try:
            server = psutil.Process(pid)
            processes = [server, *server.children(recursive=True)]
            busy = sum(sum(process.cpu_times()[:2]) for process in processes)
            memory = 100 * sum(process.memory_info().rss for process in processes) / psutil.virtual_memory().total
            if before is None or before.pid != pid:
                before = self._measured[key] = _Measured(pid, server.create_time(), 0.0)
        except psutil.Error:  # it ended meanwhile
            return
        share = 100 * (busy - before.busy) / max(now - before.at, 1e-3) / (psutil.cpu_count() or 1)
        before.samples.append((now, min(max(share, 0.0), 100.0), memory))
        before.at, before.busy = now, busy

    def by_minute(self, workspace: str, endpoint: str, name: str, metric: str) -> dict[int, float]:
        """The mean of each minute's samples."""
        measured = self._measured.get((workspace, endpoint, name))
        place = 1 if metric == "CpuUtilizationPercentage" else 2
        minutes: dict[int, list[float]] = {}
        for sample in measured.samples if measured is not None else ():
            minutes.setdefault(int(sample[0] // _MINUTE), []).append(sample[place])
        return {minute: sum(values) / len(values) for minute, values in minutes.items()}
