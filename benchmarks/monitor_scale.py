"""1,000 workloads of 1,000 rows x 10 columns, looked at by one run of `patrol`: processor time and wall time a window.

`python -m benchmarks.monitor_scale --workloads 100` prints the figures of fewer. What is counted is the whole tree of
the flow run's processes, imports and bookkeeping included; what the Prefect and MLflow servers spend meanwhile is told
beside it. One workload is broken, and must be the only one that is told so.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from benchmarks.figures import Figure
from benchmarks.patrolled import VERSION, make_workloads
from benchmarks.service import ROOT, running_service
from lifecycle.names import dataset_prefix, reference_blob
from platforms.local.blobs import LocalBlobStore
from platforms.settings import Settings
from tasks.spans import last_tick
from tasks.stored_reference import PART

WORKLOADS = 1000
FIRST = 50  # workloads whose references are made in the run
GOAL = 20_000  # windows a core-hour
_PATROL = "from flows.patrol import patrol; print('SUMMARY', patrol())"


@dataclass(frozen=True)
class Run:
    """One run of the flow. cpu, servers: processor seconds of its processes, and of the service's meanwhile."""

    seconds: float
    cpu: float
    servers: float
    summary: str

    def rate(self, windows: int) -> float:
        """Windows a core-hour."""
        return windows / self.cpu * 3600


def measure(workloads: int = WORKLOADS) -> Iterator[Figure]:
    """The first patrol of some workloads, which makes their references; then that of all, as every later one is."""
    end = last_tick(datetime.now(UTC), timedelta(hours=1))
    with tempfile.TemporaryDirectory() as folder, running_service(workloads=Path(folder)) as settings:
        yield _first(settings, end, min(FIRST, workloads))
        names = [f"fleet-{number:04d}" for number in range(workloads)]
        make_workloads(settings, names, end)
        _break(settings, names[workloads // 2])
        before = _steady(settings)
        run = _run()
        windows = _steady(settings) - before
        told = f"{windows} windows in {run.seconds:.0f} s; {run.cpu / windows * 1000:.0f} ms of processor a window"
        yield Figure(
            f"windows a core-hour, {workloads} workloads of 1,000 rows x 10 columns in one run",
            f"{run.rate(windows):,.0f} ({told}; the servers' besides: {run.servers / windows * 1000:.0f} ms)",
            f"{GOAL:,}",
            run.rate(windows) >= GOAL,
        )
        yield Figure(
            "the same, one workload broken",
            f"{workloads - windows} of {workloads} not looked at ({run.summary})",
            "that one",
            windows == workloads - 1 and "1 broken" in run.summary,
        )


def _first(settings: Settings, end: datetime, workloads: int) -> Figure:
    names = [f"first-{number:04d}" for number in range(workloads)]
    make_workloads(settings, names, end, stored=False)
    run = _run()
    windows = _steady(settings)
    measured = f"{run.cpu / max(windows, 1):.2f} s of processor a window, {windows} windows in {run.seconds:.0f} s"
    return Figure("a first patrol, which makes the references", measured, "none", windows == workloads)


def _run() -> Run:
    """In a process of its own, as the worker would start it."""
    servers, before = _servers(), resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _PATROL], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    summary = done.stdout.rpartition("SUMMARY ")[2].strip()
    return Run(seconds, cpu, _servers() - servers, summary)


def _servers() -> float:
    """Processor seconds so far of the running service, which are processes of their own."""
    total = 0.0
    for process in psutil.process_iter(["environ", "cpu_times"]):
        environment = process.info["environ"] or {}
        if environment.get("PERENNIAL_STATE") == os.environ["PERENNIAL_STATE"] and process.pid != os.getpid():
            total += process.info["cpu_times"].user + process.info["cpu_times"].system
    return total


def _break(settings: Settings, name: str) -> None:
    blobs = LocalBlobStore(settings.blobs)
    blobs.write(f"{dataset_prefix(name, VERSION)}manifest.json", b"{")
    blobs.write(reference_blob(name, VERSION, PART), b"{")


def _steady(settings: Settings) -> int:
    """Windows that are written down."""
    return sum(1 for _ in LocalBlobStore(settings.blobs).list("windows/"))


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.monitor_scale", description=__doc__)
    options.add_argument("--workloads", type=int, default=WORKLOADS, metavar="N")
    for figure in measure(options.parse_args().workloads):
        print(f"{figure.what}: {figure.measured} (goal: {figure.goal})", flush=True)


if __name__ == "__main__":
    main()
