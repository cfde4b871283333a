"""A search as one job: its trials are processes, in the job's own process group, so that what ends it ends them.

`python -P -m platforms.local.search FOLDER`, run by the job's wrapper. In the folder: `search.json`, and below
`trials/` a folder a trial, with its outputs, its log and, once it has ended, its `trial.json`: such a trial is not
made again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from lifecycle.search import Search
from platforms.run_trial import NoObjective, read_metrics
from platforms.trials import Trial, Trials, shown

SEARCH_FILE = "search.json"
REASON_FILE = "reason.txt"  # why the search failed, for the wrapper
_TOLD_OF_A_FAILURE = 15  # lines
_TOLD_OF_THE_BEST = 50


def described(search: Search, command: list[str]) -> dict[str, Any]:
    """What `search.json` holds; `{out}` in the command stands for a trial's own."""
    return {"search": search.model_dump(mode="json") | {"trial_time_limit": None}, "command": command} | {
        "trial_seconds": search.trial_time_limit.total_seconds() if search.trial_time_limit else None
    }


def search_command(folder: Path) -> list[str]:
    """What the wrapper runs. -P: the job's code must not stand in for ours."""
    return [sys.executable, "-P", "-m", "platforms.local.search", str(folder)]


class LocalSearch:
    """One search in its folder."""

    def __init__(self, folder: Path) -> None:
        content = json.loads((folder / SEARCH_FILE).read_text())
        self._folder = folder
        self._search = Search.model_validate_json(json.dumps(content["search"]))
        self._command: list[str] = content["command"]
        self._seconds: float | None = content["trial_seconds"]
        self._lock = (folder / "search.lock").open("a")

    def run(self) -> int:
        """Make the trials that are missing, choose, and hand over; 1 where none was completed."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # trials of an earlier run hold it too, and end first
        points = list(enumerate(self._search.points()))
        at_once = min(self._search.at_once, os.cpu_count() or 1)
        print(f"{len(points)} trials, {at_once} at a time", flush=True)
        with ThreadPoolExecutor(at_once) as pool:
            trials = list(pool.map(lambda numbered: self._trial(*numbered), points))
        scores = {trial.number: trial.objective for trial in trials if trial.objective is not None}
        best = self._search.best(scores) if scores else None
        told = [Trial(**{**asdict(trial), "best": trial.number == best}) for trial in trials]
        self._hand_over(Trials(self._search.objective, self._search.direction, told), best)
        return 0 if scores else 1

    def _trial(self, number: int, parameters: dict[str, Any]) -> Trial:
        folder = self._folder / "trials" / str(number)
        with suppress(FileNotFoundError):
            return Trial(**json.loads((folder / "trial.json").read_text()))
        shutil.rmtree(folder, ignore_errors=True)  # half a trial
        (folder / "out").mkdir(parents=True)
        started = time.monotonic()
        reason = self._execute(folder, parameters)
        metrics: dict[str, float] = {}
        if not reason:
            try:
                metrics = read_metrics(folder / "out", self._search.objective)
            except NoObjective as error:
                reason = str(error)
        objective = metrics.get(self._search.objective)
        trial = Trial(number, parameters, "failed" if reason else "completed", objective, metrics, reason)
        _write(folder / "trial.json", trial)
        self._tell(trial, time.monotonic() - started)
        return trial

    def _execute(self, folder: Path, parameters: dict[str, Any]) -> str:
        """Run the command to its end; why it failed, or nothing."""
        words = [word.replace("{out}", str(folder / "out")) for word in self._command]
        words += [word for name, value in parameters.items() for word in (f"--{name}", str(value))]
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[self._lock.fileno()],
            )
            try:
                code = process.wait(self._seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                return f"it ran longer than its limit of {self._seconds:g} s"
        return f"exit code {code}" if code else ""

    def _tell(self, trial: Trial, seconds: float) -> None:
        """A line in the job's log; of a failure the end of its own."""
        point = ", ".join(f"{name} {shown(value)}" for name, value in trial.parameters.items())
        if trial.objective is not None:
            came = f"{self._search.objective} {shown(trial.objective)}"
        else:
            came = f"failed: {trial.reason}\n{self._log_of(trial.number, _TOLD_OF_A_FAILURE)}"
        print(f"trial {trial.number} ({point}), {seconds:.1f} s: {came}", flush=True)

    def _hand_over(self, trials: Trials, best: int | None) -> None:
        out = self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        if best is None:
            reasons = "; ".join(sorted({trial.reason for trial in trials.trials}))
            (self._folder / REASON_FILE).write_text(f"no trial was completed: {reasons}")
        else:
            shutil.copytree(self._folder / "trials" / str(best) / "out", out)
            print(f"The log of trial {best}:\n{self._log_of(best, _TOLD_OF_THE_BEST)}", flush=True)
        trials.write(out)
        print(trials.table(), flush=True)

    def _log_of(self, number: int, lines: int) -> str:
        log = self._folder / "trials" / str(number) / "log.txt"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _end(process: subprocess.Popen[bytes]) -> None:
    """With what it started: it shares its process group with the other trials."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


def _write(path: Path, trial: Trial) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(trial)))
    part.replace(path)


if __name__ == "__main__":
    sys.exit(LocalSearch(Path(sys.argv[1])).run())
