"""What is the local compute's own: detached processes. What it shares with Azure is in test_compute_contract.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from platforms.local.blobs import LocalBlobStore
from platforms.local.compute import LocalCompute
from platforms.ports import Job, JobSpec, JobStatus
from tests.waiting import until


@pytest.fixture
def compute(tmp_path: Path) -> LocalCompute:
    blobs = LocalBlobStore(tmp_path / "blobs")
    blobs.write("data/one.txt", b"hello")
    return LocalCompute(tmp_path / "jobs", blobs)


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., JobSpec]:
    def make(script: str, name: str = "job-1", **more: object) -> JobSpec:
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / "script.py").write_text(script)
        command = ("python", "code/script.py", "{data}", "{out}")
        return JobSpec(name=name, code=code, command=command, dataset_prefix="data/", **more)  # type: ignore[arg-type]

    return make


def ended(compute: LocalCompute, name: str = "job-1") -> Job:
    until(lambda: compute.get(name).status.ended, 30, what="the job's end")
    return compute.get(name)


WAIT = "import time; print('waiting', flush=True); time.sleep(600)"


def test_a_job_outlives_who_submitted_it(compute: LocalCompute, spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    slow = "import pathlib, sys, time; time.sleep(1); pathlib.Path(sys.argv[2], 'n').write_text('x')"
    made = spec(slow)
    submit = (
        "from pathlib import Path; from platforms.local.blobs import LocalBlobStore as B; "
        "from platforms.local.compute import LocalCompute as C; from platforms.ports import JobSpec as S; "
        f"C(Path({str(compute.root)!r}), B(Path({str(tmp_path / 'blobs')!r}))).submit("
        f"S(name='job-1', code=Path({str(made.code)!r}), command={made.command!r}, dataset_prefix='data/')); "
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", submit], check=False)
    assert done.returncode == -signal.SIGKILL
    assert ended(compute).status is JobStatus.COMPLETED


def test_a_job_whose_wrapper_was_killed_has_failed(compute: LocalCompute, spec: Callable[..., JobSpec]) -> None:
    compute.submit(spec(WAIT))
    running = compute.root / "job-1" / "running.json"
    while not running.exists():
        time.sleep(0.02)
    import json

    pids = json.loads(running.read_text())
    os.kill(pids["wrapper"], signal.SIGKILL)
    os.killpg(pids["child"], signal.SIGKILL)
    job = ended(compute)
    assert job.status is JobStatus.FAILED
    assert "left no exit code" in job.reason
