"""The contract of searches, on processes of this machine and on Azure ML's sweep jobs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from platforms.ports import Job, JobStatus, Platform, Refused
from platforms.trials import read_trials
from tests.platforms.searching import METRICS, search, search_job
from tests.waiting import until


def ended(platform: Platform, name: str) -> Job:
    """The job once it has ended."""
    job: Job = until(lambda: (found := platform.compute.get(name)).status.ended and found, what="its end")
    return job


def test_the_best_trial_is_the_jobs_output(platform: Platform, tmp_path: Path) -> None:
    spec = search_job(platform, tmp_path, METRICS, search())
    for _ in range(2):
        platform.compute.submit(spec)
    job = ended(platform, spec.name)
    assert (job.status, job.exit_code) == (JobStatus.COMPLETED, 0)
    out = platform.compute.fetch_outputs(spec.name, tmp_path / "o")
    assert (out / "model.txt").read_text() == "a 'b' $c 0.3 5 None"
    assert json.loads((out / "metrics.json").read_text()) == {"score": 1.0, "rows": 7}
    trials = read_trials(out)
    assert trials is not None
    assert (trials.objective, trials.goal) == ("score", "maximize")
    assert [trial.number for trial in trials.trials] == [0, 1, 2, 3]
    tried = [trial.parameters for trial in trials.trials]
    assert tried == [{"rate": rate, "depth": depth} for rate in (0.1, 0.3) for depth in (5, 8)]
    assert [trial.objective for trial in trials.trials] == pytest.approx([0.8, 0.77, 1.0, 0.97])
    assert [trial.best for trial in trials.trials] == [False, False, True, False]
    assert trials.best is not None
    assert trials.best.metrics == {"score": 1.0, "rows": 7}
    log = platform.compute.logs(spec.name)
    assert trials.table() in log
    assert "tried 0.3 5 None hello" in log


def test_less_may_be_better(platform: Platform, tmp_path: Path) -> None:
    spec = search_job(platform, tmp_path, METRICS, search(goal="minimize"))
    platform.compute.submit(spec)
    assert ended(platform, spec.name).status is JobStatus.COMPLETED
    trials = read_trials(platform.compute.fetch_outputs(spec.name, tmp_path / "o"))
    assert trials is not None
    assert trials.best is not None
    assert trials.best.number == 1


def test_points_are_drawn_from_the_space(platform: Platform, tmp_path: Path) -> None:
    space = {"rate": {"low": 0.01, "high": 0.1, "log": True}, "depth": {"low": 2, "high": 4}, "shape": ("x", "y")}
    wanted = search(space=space, sampling="random", trials=5, seed=3)
    spec = search_job(platform, tmp_path, METRICS, wanted)
    platform.compute.submit(spec)
    assert ended(platform, spec.name).status is JobStatus.COMPLETED, platform.compute.logs(spec.name)
    trials = read_trials(platform.compute.fetch_outputs(spec.name, tmp_path / "o"))
    assert trials is not None
    assert len(trials.trials) == 5
    for trial in trials.trials:
        assert 0.01 <= trial.parameters["rate"] <= 0.1
        assert trial.parameters["depth"] in (2, 3, 4)
        assert isinstance(trial.parameters["depth"], int)
        assert trial.parameters["shape"] in ("x", "y")


def test_a_trial_that_fails_is_told_and_not_chosen(platform: Platform, tmp_path: Path) -> None:
    fail = "if given.depth == '5': sys.exit('it went wrong')\nif given.rate == '0.1': given.rate = 'nan'\n"
    spec = search_job(platform, tmp_path, fail + METRICS, search())
    platform.compute.submit(spec)
    assert ended(platform, spec.name).status is JobStatus.COMPLETED
    out = platform.compute.fetch_outputs(spec.name, tmp_path / "o")
    trials = read_trials(out)
    assert trials is not None
    assert [trial.status for trial in trials.trials] == ["failed", "failed", "failed", "completed"]
    assert trials.trials[3].best
    assert (out / "model.txt").read_text() == "a 'b' $c 0.3 8 None"
    assert "it went wrong" in platform.compute.logs(spec.name, last_lines=2000)


def test_a_search_none_of_whose_trials_says_how_good_it_is_fails(platform: Platform, tmp_path: Path) -> None:
    other = "(out / 'metrics.json').write_text(json.dumps({'loss': 1.0}))"
    spec = search_job(platform, tmp_path, other, search())
    platform.compute.submit(spec)
    job = ended(platform, spec.name)
    assert job.status is JobStatus.FAILED
    assert "no trial" in job.reason.lower()
    assert "no number score; it has loss" in platform.compute.logs(spec.name)


def test_a_cancelled_search_ends(platform: Platform, tmp_path: Path) -> None:
    spec = search_job(platform, tmp_path, "(out / 'on').touch(); time.sleep(600)", search())
    platform.compute.submit(spec)
    until(lambda: platform.compute.logs(spec.name), what="the first trials")
    with pytest.raises(Refused, match="still running"):
        platform.compute.fetch_outputs(spec.name, tmp_path / "never")
    platform.compute.cancel(spec.name)
    assert ended(platform, spec.name).status is JobStatus.CANCELED
    platform.compute.cancel(spec.name)


def test_a_search_has_a_time_limit(platform: Platform, tmp_path: Path) -> None:
    spec = search_job(platform, tmp_path, "time.sleep(600)", search(), time_limit_seconds=2)
    platform.compute.submit(spec)
    assert ended(platform, spec.name).status in (JobStatus.FAILED, JobStatus.CANCELED)
