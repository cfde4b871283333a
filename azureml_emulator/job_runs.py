"""The jobs' processes: each holds a lock for life, so that any later emulator knows which of them still live."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from azureml_emulator.accounts import Account, Container
from azureml_emulator.sas import account_signature
from azureml_emulator.store import Document
from azureml_emulator.world import World

TERMINAL = ("Completed", "Failed", "Canceled")


class JobRuns:
    """Folders of jobs below the state folder, and the processes that work in them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, workspace: str, name: str, spec: Document) -> None:
        """Begin; the process is detached and ends by itself."""
        folder = self._folder(workspace, name)
        folder.mkdir(parents=True)
        settings = self._world.settings
        spec = {
            **spec,
            "base": self._world.base_environment(),
            "authority": str(self._world.authority),
            "emulator": str(settings.state / "emulator.json"),
            "signatures": {account.name: account_signature(account) for account in self._accounts(spec)},
        }
        spec_file = folder / "spec.json"
        spec_file.touch(mode=0o600)
        spec_file.write_text(json.dumps(spec))
        with (folder / "lock").open("w") as lock, (folder / "runner.log").open("wb") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = subprocess.Popen(
                [sys.executable, "-m", "azureml_emulator.runner", str(folder)],
                cwd=Path(__file__).parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )
        (folder / "pid").write_text(str(process.pid))
        threading.Thread(target=process.wait, daemon=True).start()

    def _accounts(self, spec: Document) -> set[Account]:
        """Of what the job reads and writes: it is given signatures of no others."""
        places = [spec["code"], spec["artifacts"], *spec["inputs"].values(), *spec["outputs"].values()]
        return {self._world.account_of(Container(**place["container"])) for place in places if place}

    def state(self, workspace: str, name: str) -> tuple[str, str]:
        """Status, and what went wrong."""
        alive = self.is_alive(workspace, name)
        try:
            state = json.loads((self._folder(workspace, name) / "state.json").read_text())
        except FileNotFoundError:
            state = {"status": "Queued", "error": ""}
        if not alive and state["status"] not in TERMINAL:
            if (self._folder(workspace, name) / "cancel").exists():  # it was told before it could listen
                return "Canceled", "The job was canceled by the user."
            return "Failed", "The process that ran the job is gone."
        return state["status"], state["error"]

    def cancel(self, workspace: str, name: str) -> None:
        """Ask the runner to end; it does so in its own time."""
        if self.is_alive(workspace, name):
            (self._folder(workspace, name) / "cancel").touch()
            with suppress(ProcessLookupError):
                os.kill(int((self._folder(workspace, name) / "pid").read_text()), signal.SIGTERM)

    def is_alive(self, workspace: str, name: str) -> bool:
        """Whether someone holds the job's lock."""
        try:
            with (self._folder(workspace, name) / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def when_ended(self, workspace: str, name: str, then: Callable[[], None]) -> None:
        """Call back, from another thread, when the job's process has ended."""

        def wait() -> None:
            with (self._folder(workspace, name) / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH)
            then()

        threading.Thread(target=wait, daemon=True).start()

    def _folder(self, workspace: str, name: str) -> Path:
        return self._world.settings.state / "jobs" / workspace / name
