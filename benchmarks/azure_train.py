"""What `train` costs over the bare script where Azure ML (emulated) runs the job, and the memory held meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.figures import Figure, percentile
from benchmarks.service import ROOT, running_service

if TYPE_CHECKING:
    from platforms.ports import Platform

ROWS = 50_000
RUNS = 3
GOAL_SECONDS = 5.0
GOAL_MB = 200
# As far as any flow of this module comes before its first task: Prefect, our imports, a run that is Running.
_START = "from prefect import flow; import flows.train; flow(lambda: None, name='start')()"
MB = 1024 * 1024


@dataclass
class Watched:
    """A process's seconds, its output, and its resident memory over time."""

    seconds: float = 0.0
    output: str = ""
    memory: list[tuple[datetime, int]] = field(default_factory=list)

    def most(self, start: datetime, end: datetime) -> float:
        """The most of it, in MB, between two times."""
        return max(size for at, size in self.memory if start <= at <= end) / MB


def measure() -> Iterator[Figure]:
    """Medians of whole processes in one run: flow, bare script on the same data, and a flow that does nothing."""
    from platforms.choose import choose_platform

    with running_service("azure-emulated") as settings:
        platform = choose_platform(settings)
        flows, scripts, starts, memory = [], [], [], []
        for number in range(RUNS):
            version = _ingest(platform, number)
            starts.append(_watch(_START).seconds)
            watched = _watch(f"from flows.train import train; print('V', train('diabetes', {version!r}))")
            flows.append(watched.seconds)
            scripts.append(_script(platform, version))
            memory.append(_while_waiting(platform, watched))
        flow, script, start = (percentile(times, 0.5) for times in (flows, scripts, starts))
        over = flow - script - start
        measured = f"{over:.1f} s ({flow:.1f} s, less the script's {script:.1f} s and the start's {start:.1f} s)"
        yield Figure(
            f"train on the emulator over its bare script, {ROWS} rows",
            measured,
            f"{GOAL_SECONDS:.0f} s",
            over <= GOAL_SECONDS,
        )
        held = percentile(memory, 0.5)
        yield Figure("memory of the flow while it waits for a job", f"{held:.0f} MB", f"{GOAL_MB} MB", held <= GOAL_MB)


def _ingest(platform: Platform, number: int) -> str:
    from deployments.demo.patients import make_patients

    content = make_patients(ROWS, seed=number).to_csv(index=False).encode()
    platform.blobs.write("diabetes/raw/patients.csv", content)
    output = _watch("from flows.ingest import ingest; print('VERSION', ingest('diabetes'))").output
    return output.rpartition("VERSION ")[2].split()[0]


def _watch(code: str) -> Watched:
    """Run it to its end."""
    watched = Watched()
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    looking = threading.Thread(target=_look, args=(psutil.Process(process.pid), watched))
    looking.start()
    watched.output, _ = process.communicate()
    watched.seconds = time.perf_counter() - started
    looking.join()
    if process.returncode:
        raise RuntimeError(f"{code!r} ended with {process.returncode}.")
    return watched


def _look(process: psutil.Process, watched: Watched) -> None:
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        try:
            watched.memory.append((datetime.now(UTC), process.memory_info().rss))
        except psutil.NoSuchProcess:
            return
        time.sleep(0.05)


def _script(platform: Platform, version: str) -> float:
    script = ROOT / "workloads" / "diabetes" / "train.py"
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"datasets/diabetes/{version}/data/"
        platform.blobs.download(prefix, Path(folder, "data"))
        command = [sys.executable, str(script), "--data", f"{folder}/data", "--out", folder, "--learning_rate", "0.1"]
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=dict(os.environ))
        return time.perf_counter() - started


def _while_waiting(platform: Platform, watched: Watched) -> float:
    """The most memory between the job's submission and its end."""
    newest = platform.models.versions("diabetes")[-1]
    job = platform.compute.get(newest.tags["perennial.job"])
    if job.started_at is None or job.ended_at is None:
        raise RuntimeError(f"Job {job.name} does not say when it ran.")
    return watched.most(job.started_at, job.ended_at)
