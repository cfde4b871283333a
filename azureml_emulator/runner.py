"""Runs one job, in a process that outlives the emulator: fetch, run, hand in, and write down what became of it.

Started as `python -m azureml_emulator.runner FOLDER`; it holds a lock on `FOLDER/lock` for as long as it lives.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from azureml_emulator.accounts import Container
from azureml_emulator.blob_client import BlobClient
from azureml_emulator.job_spec import fill_in
from azureml_emulator.processes import adopt_orphans, end_with_all

_LOG = "user_logs/std_log.txt"
_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0


class Canceled(BaseException):
    """Raised where the runner is, when it is told to stop."""


class Job:
    """One job's folder: `spec.json`, `state.json`, and below `run/` what the job sees."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spec: dict[str, Any] = json.loads((folder / "spec.json").read_text())
        self._run = folder / "run"
        self._log = self._run / _LOG
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._started = time.time()

    def perform(self) -> None:
        """From the first state to the last; whatever goes wrong is written down as the job's failure."""
        try:
            self._tell("Preparing")
            words = self._fetch()
            self._tell("Running")
            code = self._execute(fill_in(self._spec["command"], words), words)
            self._tell("Finalizing")
            self._hand_in()
            failure = f"Execution failed. User process exited with status code {code}. See {_LOG}." if code else ""
            self._tell("Failed" if code else "Completed", failure)
        except Canceled as reason:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._hand_in()
            self._tell("Canceled", str(reason))
        except Exception as error:
            self._tell("Failed", f"{type(error).__name__}: {error}")

    def _fetch(self) -> dict[str, str]:
        """Code, inputs and empty folders for outputs; the words that the command's placeholders stand for."""
        words = {f"inputs.{key}": value for key, value in self._spec["literals"].items()}
        with _blobs(self._spec) as blobs:
            if self._spec["code"]:
                blobs.download(_container(self._spec["code"]), self._spec["code"]["path"], self._run)
            for key, source in self._spec["inputs"].items():
                target = self._folder / "inputs" / key
                if blobs.download(_container(source), source["path"], target) == 0:
                    where = _container(source).url(source["path"])
                    raise FileNotFoundError(f"the input {key} has no blobs at {where}")
                words[f"inputs.{key}"] = str(next(target.iterdir()) if source["file"] else target)
        for key in self._spec["outputs"]:
            folder = self._folder / "outputs" / key
            folder.mkdir(parents=True, exist_ok=True)
            words[f"outputs.{key}"] = str(folder)
        return words

    def _execute(self, command: str, words: dict[str, str]) -> int:
        environment = {**self._spec["base"], **_azure_words(words), **self._spec["environment"]}
        deadline = self._started + self._spec["timeout"] if self._spec["timeout"] else None
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                ["/bin/bash", "-c", command],
                cwd=self._run,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                return self._wait(process, deadline)
            finally:
                end_with_all(process)

    def _wait(self, process: subprocess.Popen[bytes], deadline: float | None) -> int:
        """To the end of the process; meanwhile the log is shown as it grows."""
        shown = 0
        while True:
            remaining = _LOOK_SECONDS if deadline is None else min(_LOOK_SECONDS, deadline - time.time())
            if remaining <= 0:
                raise Canceled(f"The job was canceled: it ran longer than its limit of {self._spec['timeout']:g} s.")
            try:
                return process.wait(remaining)
            except subprocess.TimeoutExpired:
                shown = self._show_log(shown)

    def _show_log(self, shown: int) -> int:
        size = self._log.stat().st_size
        if size > shown and _is_up(self._spec):
            with _blobs(self._spec) as blobs:
                artifacts = self._spec["artifacts"]
                blobs.put(_container(artifacts), f"{artifacts['path']}/{_LOG}", self._log)
        return size

    def _hand_in(self) -> None:
        """Outputs, `outputs/`, `logs/` and the log."""
        artifacts = self._spec["artifacts"]
        with _blobs(self._spec) as blobs:
            for folder in ("outputs", "logs", "user_logs"):
                blobs.upload(_container(artifacts), f"{artifacts['path']}/{folder}", self._run / folder)
            for key, target in self._spec["outputs"].items():
                blobs.upload(_container(target), target["path"], self._folder / "outputs" / key)

    def _tell(self, status: str, error: str = "") -> None:
        state = {"status": status, "error": error, "started": self._started, "at": time.time()}
        unfinished = self._folder / "state.new"
        unfinished.write_text(json.dumps(state))
        unfinished.replace(self._folder / "state.json")


def _azure_words(words: dict[str, str]) -> dict[str, str]:
    """The variables in which the service, too, names inputs and outputs."""
    named = {"inputs": "AZURE_ML_INPUT_", "outputs": "AZURE_ML_OUTPUT_"}
    parts = {key: key.partition(".") for key in words}
    return {named[side] + name: words[key] for key, (side, _, name) in parts.items()}


def _is_up(spec: dict[str, Any]) -> bool:
    return Path(spec["emulator"]).exists()


def _blobs(spec: dict[str, Any]) -> BlobClient:
    """The emulator may have been started again since, on another port; it is waited for."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            description = json.loads(Path(spec["emulator"]).read_text())
            client = BlobClient(spec["signatures"], description["proxy_port"], Path(spec["authority"]))
            client.create_container(_container(spec["artifacts"]))
            return client
        except (FileNotFoundError, httpx.TransportError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _container(place: dict[str, Any]) -> Container:
    return Container(**place["container"])


def _stop(_sign: int, _frame: FrameType | None) -> None:
    raise Canceled("The job was canceled by the user.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    adopt_orphans()
    Job(Path(sys.argv[1])).perform()
