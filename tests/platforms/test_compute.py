"""The compute's contract: jobs that nobody owns."""

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
from platforms.ports import Job, JobSpec, JobStatus, NotFound, Refused


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
    deadline = time.monotonic() + 30
    while not (job := compute.get(name)).status.ended:
        assert time.monotonic() < deadline, "the job did not end"
        time.sleep(0.02)
    return job


COPY = """
import pathlib, sys
data, out = map(pathlib.Path, sys.argv[1:])
(out / "copy.txt").write_text((data / "one.txt").read_text())
print("done")
"""
WAIT = "import time; print('waiting', flush=True); time.sleep(600)"
FAIL = "import sys; print('it went wrong', file=sys.stderr); sys.exit(3)"


def test_a_job_sees_its_data_and_leaves_outputs(
    compute: LocalCompute, spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    compute.submit(spec(COPY))
    job = ended(compute)
    assert (job.status, job.exit_code) == (JobStatus.COMPLETED, 0)
    assert job.started_at is not None
    assert job.ended_at is not None
    assert job.started_at <= job.ended_at
    assert compute.logs("job-1") == "done"
    assert (compute.fetch_outputs("job-1", tmp_path / "o") / "copy.txt").read_text() == "hello"


def test_submitting_again_finds_the_job(compute: LocalCompute, spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    count = "import pathlib, sys; pathlib.Path(sys.argv[2], 'n').open('a').write('x')"
    for _ in range(3):
        compute.submit(spec(count))
    ended(compute)
    compute.submit(spec(count))
    assert (compute.fetch_outputs("job-1", tmp_path / "o") / "n").read_text() == "x"


def test_a_failure_says_how(compute: LocalCompute, spec: Callable[..., JobSpec]) -> None:
    compute.submit(spec(FAIL))
    job = ended(compute)
    assert (job.status, job.exit_code) == (JobStatus.FAILED, 3)
    assert "it went wrong" in compute.logs("job-1")


def test_a_cancelled_job_ends(compute: LocalCompute, spec: Callable[..., JobSpec]) -> None:
    compute.submit(spec(WAIT))
    while not compute.logs("job-1"):
        time.sleep(0.02)
    with pytest.raises(Refused, match="still running"):
        compute.fetch_outputs("job-1", Path("never"))
    compute.cancel("job-1")
    assert ended(compute).status is JobStatus.CANCELED
    compute.cancel("job-1")


def test_a_job_that_runs_too_long_is_ended(compute: LocalCompute, spec: Callable[..., JobSpec]) -> None:
    compute.submit(spec(WAIT, time_limit_seconds=1))
    job = ended(compute)
    assert job.status is JobStatus.FAILED
    assert "longer than its limit of 1 s" in job.reason


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


def test_a_job_knows_nothing_of_prefect(
    compute: LocalCompute, spec: Callable[..., JobSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    compute.submit(spec("import os; print([n for n in os.environ if n.startswith(('PREFECT', 'PERENNIAL'))])"))
    ended(compute)
    assert compute.logs("job-1") == "[]"


@pytest.mark.parametrize("name", ["absent", "../jobs", ".hidden"])
def test_an_absent_job_is_not_found(compute: LocalCompute, name: str) -> None:
    with pytest.raises(NotFound):
        compute.get(name)


def test_a_job_without_data_is_not_started(compute: LocalCompute, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    spec = JobSpec(name="empty", code=tmp_path / "code", command=("python",), dataset_prefix="nothing/")
    with pytest.raises(NotFound, match="nothing lies under nothing/"):
        compute.submit(spec)
    with pytest.raises(NotFound):
        compute.get("empty")
