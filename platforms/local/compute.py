"""Jobs as subprocesses on this machine."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platforms.code_folders import NOT_CODE
from platforms.local.job_file import checked
from platforms.local.job_file import command as job_file_command
from platforms.local.job_file import environment as job_file_environment
from platforms.local.search import SEARCH_FILE, described, search_command
from platforms.ports import BlobStore, Job, JobSpec, JobStatus, NotFound, Refused

_NOT_FOR_JOBS = ("PREFECT_", "PERENNIAL_", "PYTHONDONTWRITEBYTECODE")


class LocalCompute:
    """Implements `Compute`: a folder a job, filled beside and renamed, so that it is there whole or not at all."""

    shares_this_machine = True

    def __init__(self, root: Path, blobs: BlobStore) -> None:
        self.root = root
        self._blobs = blobs

    def submit(self, spec: JobSpec) -> Job:
        folder = self.root / spec.name
        if not folder.exists():
            if spec.job_file is not None:
                checked(spec)
            self._prepare(spec, folder)
        if not (folder / "exit.json").exists() and not (folder / "running.json").exists():
            self._start(folder)
        job = self.get(spec.name)
        if job.resumable and self._forget_the_dead(folder):
            self._start(folder)
        return self.get(spec.name) if job.resumable else job

    def get(self, name: str) -> Job:
        folder = self._folder(name)
        ended = _read(folder / "exit.json")
        if ended is None:
            running = _read(folder / "running.json")
            started = _time(running["started"]) if running else None
            if self._is_held(folder) or running is None:
                return Job(name, JobStatus.RUNNING, started)
            ended = _read(folder / "exit.json")  # it may have ended since we looked
            if ended is None:
                resumable = not (folder / "cancelled").exists() and (folder / SEARCH_FILE).exists()
                reason = "its process is gone and left no exit code"
                return Job(name, JobStatus.FAILED, started, reason=reason, resumable=resumable)
        status = JobStatus.COMPLETED if ended["code"] == 0 else JobStatus.FAILED
        if (folder / "cancelled").exists() and ended["code"] != 0:
            status = JobStatus.CANCELED
        return Job(name, status, _time(ended["started"]), _time(ended["ended"]), ended["code"], ended["reason"])

    def logs(self, name: str, last_lines: int = 200) -> str:
        log = self._folder(name) / "log.txt"
        if not log.exists():
            return ""
        return "\n".join(log.read_text(errors="replace").splitlines()[-last_lines:])

    def cancel(self, name: str) -> None:
        folder = self._folder(name)
        if self.get(name).status.ended:
            return
        (folder / "cancelled").touch()
        running = _read(folder / "running.json")
        if running is not None:
            try:
                os.killpg(running["child"], signal.SIGTERM)
            except ProcessLookupError:
                return

    def fetch_outputs(self, name: str, folder: Path) -> Path:
        if not self.get(name).status.ended:
            raise Refused(f"Job {name} is still running; its outputs are not whole yet.")
        target = folder / name
        shutil.copytree(self._folder(name) / "out", target, dirs_exist_ok=True)
        return target

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        if "/" in name or name.startswith(".") or not folder.is_dir():
            raise NotFound(f"There is no job {name}.")
        return folder

    def _prepare(self, spec: JobSpec, folder: Path) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".", dir=self.root))
        try:
            shutil.copytree(spec.code, beside / "code" / spec.code.name, ignore=NOT_CODE)
            (beside / "out").mkdir()
            if not self._blobs.download(spec.dataset_prefix, beside / "data"):
                raise NotFound(f"Job {spec.name} has no data: nothing lies under {spec.dataset_prefix}.")
            description = self._description(spec, folder)
            if spec.search is not None:
                (beside / SEARCH_FILE).write_text(json.dumps(described(spec.search, description["command"])))
                description["command"] = search_command(folder.resolve())
            (beside / "spec.json").write_text(json.dumps(description))
            beside.rename(folder)
        except OSError:
            if not folder.exists():  # somebody else was faster with the same job
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    @staticmethod
    def _description(spec: JobSpec, folder: Path) -> dict[str, Any]:
        out = str(folder.resolve() / "out") if spec.search is None else "{out}"  # else each trial has its own
        places = {"data": str(folder.resolve() / "data"), "out": out}
        words = [sys.executable if word == "python" else word.format(**places) for word in spec.command]
        file = None if spec.job_file is None else checked(spec)
        if file is not None:
            words = job_file_command(file, spec, folder.resolve())
        own = {} if file is None else job_file_environment(file)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_FOR_JOBS)}
        return {
            "command": words,
            "environment": {**kept, "PYTHONUNBUFFERED": "1", **own, **spec.environment},
            "time_limit_seconds": spec.time_limit_seconds,
            "tags": dict(spec.tags),
            "resumable": spec.search is not None,
        }

    @staticmethod
    def _start(folder: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        subprocess.Popen(
            [sys.executable, "-m", "platforms.local.job_wrapper", str(folder.resolve())],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @staticmethod
    def _forget_the_dead(folder: Path) -> bool:
        """Take back what a wrapper that is gone said of itself; False where another caller's lives by now."""
        with (folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            (folder / "running.json").unlink(missing_ok=True)
        return True

    @staticmethod
    def _is_held(folder: Path) -> bool:
        """Whether a wrapper lives: it holds the lock, which the kernel lets go of when it dies."""
        with (folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            fcntl.flock(lock, fcntl.LOCK_UN)
        return False


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return content


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
