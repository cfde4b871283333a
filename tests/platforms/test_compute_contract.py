"""The contract of `Compute`, on processes of this machine and on Azure ML's command jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from platforms.ports import Compute, Job, JobSpec, JobStatus, NotFound, Platform, Refused
from tests.waiting import until

COPY = """
import pathlib, sys
data, out = map(pathlib.Path, sys.argv[1:])
(out / "copy.txt").write_text((data / "one.txt").read_text())
print("done")
"""
COUNT = "import pathlib, sys; pathlib.Path(sys.argv[2], 'n').open('a').write('x')"
WAIT = "import time; print('waiting', flush=True); time.sleep(600)"
FAIL = "import sys; print('it went wrong', file=sys.stderr); sys.exit(3)"
ENVIRONMENT = (
    "import os; print(os.environ['GREETING'], [n for n in os.environ if n.startswith(('PREFECT', 'PERENNIAL'))])"
)

Spec = Callable[..., JobSpec]


@pytest.fixture
def compute(platform: Platform) -> Compute:
    return platform.compute


@pytest.fixture
def spec(platform: Platform, tmp_path: Path) -> Spec:
    """A job of its own name that runs a script on one blob."""
    name = f"job-{uuid4().hex[:12]}"
    platform.blobs.write(f"{name}/one.txt", b"hello")

    def make(script: str, **more: object) -> JobSpec:
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / "script.py").write_text(script)
        command = ("python", "code/script.py", "{data}", "{out}")
        return JobSpec(name=name, code=code, command=command, dataset_prefix=f"{name}/", **more)  # type: ignore[arg-type]

    return make


def ended(compute: Compute, name: str) -> Job:
    """The job once it has ended."""
    until(lambda: compute.get(name).status.ended, 60, what="the job's end")
    return compute.get(name)


def test_a_job_sees_its_data_and_leaves_outputs(compute: Compute, spec: Spec, tmp_path: Path) -> None:
    name = compute.submit(spec(COPY)).name
    job = ended(compute, name)
    assert (job.status, job.exit_code) == (JobStatus.COMPLETED, 0)
    assert job.started_at is not None
    assert job.ended_at is not None
    assert job.submitted_at is None or job.submitted_at <= job.started_at, "it waits before it starts"
    assert (job.ended_at - job.started_at).total_seconds() > 0.05, "a process takes longer to start"
    assert "done" in compute.logs(name).splitlines()
    assert (compute.fetch_outputs(name, tmp_path / "o") / "copy.txt").read_text() == "hello"


def test_submitting_again_finds_the_job(compute: Compute, spec: Spec, tmp_path: Path) -> None:
    for _ in range(3):
        name = compute.submit(spec(COUNT)).name
    ended(compute, name)
    compute.submit(spec(COUNT))
    assert (compute.fetch_outputs(name, tmp_path / "o") / "n").read_text() == "x"


def test_a_failure_says_how(compute: Compute, spec: Spec) -> None:
    name = compute.submit(spec(FAIL)).name
    job = ended(compute, name)
    assert (job.status, job.exit_code) == (JobStatus.FAILED, 3)
    assert "it went wrong" in compute.logs(name)


def test_a_cancelled_job_ends(compute: Compute, spec: Spec) -> None:
    name = compute.submit(spec(WAIT)).name
    while "waiting" not in compute.logs(name):
        time.sleep(0.05)
    with pytest.raises(Refused, match="still running"):
        compute.fetch_outputs(name, Path("never"))
    compute.cancel(name)
    assert ended(compute, name).status is JobStatus.CANCELED
    compute.cancel(name)


def test_a_job_that_runs_too_long_is_ended(compute: Compute, spec: Spec) -> None:
    name = compute.submit(spec(WAIT, time_limit_seconds=1)).name
    job = ended(compute, name)
    assert job.status in (JobStatus.FAILED, JobStatus.CANCELED)
    assert "limit" in job.reason


def test_a_job_gets_its_variables_and_nothing_of_ours(
    compute: Compute, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "INFO")
    name = compute.submit(spec(ENVIRONMENT, environment={"GREETING": "hi 'you' $HOME"})).name
    ended(compute, name)
    assert "hi 'you' $HOME []" in compute.logs(name).splitlines()


def test_the_last_lines_of_a_log(compute: Compute, spec: Spec) -> None:
    name = compute.submit(spec("for n in range(50): print(n)")).name
    ended(compute, name)
    assert compute.logs(name, last_lines=2).splitlines() == ["48", "49"]


@pytest.mark.parametrize("name", ["absent", "../jobs", ".hidden"])
def test_an_absent_job_is_not_found(compute: Compute, name: str) -> None:
    with pytest.raises(NotFound):
        compute.get(name)


def test_a_job_without_data_is_not_started(compute: Compute, spec: Spec) -> None:
    made = spec(COPY)
    empty = JobSpec(name=made.name, code=made.code, command=made.command, dataset_prefix="nothing/")
    with pytest.raises(NotFound, match="nothing lies under nothing/"):
        compute.submit(empty)
    with pytest.raises(NotFound):
        compute.get(made.name)
