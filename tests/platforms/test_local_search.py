"""Searches on this machine: limits, and what a killed one keeps."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from platforms.local.blobs import LocalBlobStore
from platforms.local.compute import LocalCompute
from platforms.ports import JobStatus, Platform
from platforms.trials import read_trials
from tests.platforms.searching import METRICS, search, search_job
from tests.waiting import until


@pytest.fixture
def local(tmp_path: Path) -> Platform:
    blobs = LocalBlobStore(tmp_path / "blobs")
    compute = LocalCompute(tmp_path / "jobs", blobs)
    return Platform("local", blobs, compute, None, None, None, None)  # type: ignore[arg-type]


WAIT_ONCE = """
once = pathlib.Path(r"{folder}") / "waited"
(once.parent / "count").open("a").write("x")
if given.rate == "0.3" and given.depth == "5" and not once.exists():
    once.touch()
    time.sleep(600)
"""


def test_what_a_killed_search_has_tried_is_not_tried_again(local: Platform, tmp_path: Path) -> None:
    """As after a power cut: wrapper, driver and trials are gone, and the next submission makes what is missing."""
    spec = search_job(local, tmp_path, WAIT_ONCE.format(folder=tmp_path) + METRICS, search(at_once=1))
    compute = local.compute
    compute.submit(spec)
    until((tmp_path / "waited").exists, 30, what="the third trial")
    folder = tmp_path / "jobs" / spec.name
    pids = json.loads((folder / "running.json").read_text())
    os.kill(pids["wrapper"], signal.SIGKILL)
    os.killpg(pids["child"], signal.SIGKILL)
    job = until(lambda: (found := compute.get(spec.name)).status.ended and found, 30, what="its end")
    assert (job.status, job.resumable) == (JobStatus.FAILED, True)
    assert compute.submit(spec).status is JobStatus.RUNNING
    job = until(lambda: (found := compute.get(spec.name)).status.ended and found, 30, what="its end")
    assert (job.status, job.resumable) == (JobStatus.COMPLETED, False)
    trials = read_trials(compute.fetch_outputs(spec.name, tmp_path / "o"))
    assert trials is not None
    assert [trial.status for trial in trials.trials] == ["completed"] * 4
    assert (tmp_path / "count").read_text() == "x" * 5  # the one that was cut off, twice
    assert compute.submit(spec).status is JobStatus.COMPLETED


def test_a_cancelled_search_is_not_carried_on(local: Platform, tmp_path: Path) -> None:
    spec = search_job(local, tmp_path, "pathlib.Path(given.out, 'on').touch(); time.sleep(600)", search(at_once=2))
    compute = local.compute
    compute.submit(spec)
    folder = tmp_path / "jobs" / spec.name
    until(lambda: len(list(folder.glob("trials/*/out/on"))) == 2, 30, what="two trials")
    group = json.loads((folder / "running.json").read_text())["child"]
    compute.cancel(spec.name)
    job = until(lambda: (found := compute.get(spec.name)).status.ended and found, 30, what="its end")
    assert (job.status, job.resumable) == (JobStatus.CANCELED, False)
    until(lambda: not [pid for pid in psutil.pids() if _group(pid) == group], 30, what="its trials' end")
    assert compute.submit(spec).status is JobStatus.CANCELED


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid) if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else None
    except (ProcessLookupError, psutil.NoSuchProcess):
        return None


def test_a_trial_that_runs_too_long_is_ended_with_what_it_started(local: Platform, tmp_path: Path) -> None:
    hang = "import subprocess\nif given.depth == '8': subprocess.run(['sleep', '600'])\n"
    wanted = search(trial_time_limit="2s")
    spec = search_job(local, tmp_path, hang + METRICS, wanted)
    local.compute.submit(spec)
    job = until(lambda: (found := local.compute.get(spec.name)).status.ended and found, 60, what="its end")
    assert job.status is JobStatus.COMPLETED
    trials = read_trials(local.compute.fetch_outputs(spec.name, tmp_path / "o"))
    assert trials is not None
    assert [trial.status for trial in trials.trials] == ["completed", "failed", "completed", "failed"]
    assert "longer than its limit of 2 s" in trials.trials[1].reason
    assert "longer than its limit of 2 s" in local.compute.logs(spec.name)
