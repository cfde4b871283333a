"""How long `perennial --help` takes, as a whole process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, percentile

RUNS = 15
GOAL_SECONDS = 0.3


def measure() -> Iterator[Figure]:
    """The median of some runs after a first one."""
    command = [Path(sys.executable).parent / "perennial", "--help"]
    times = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    median = percentile(times[1:], 0.5)
    yield Figure("perennial --help, median", f"{median:.2f} s", f"{GOAL_SECONDS} s", median <= GOAL_SECONDS)
