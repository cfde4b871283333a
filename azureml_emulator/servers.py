"""The processes that serve models on loopback: started from a command, watched, started again when they die."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

_GRACE_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0


class ServerFailed(Exception):
    """A server that ended, or did not answer in time, before it ever had answered."""


@dataclass
class Server:
    """One deployment's process. `prepare` makes its folder; both run in the server's own thread.

    limit, least: seconds that it may take to answer, and that it takes until it is told that it does.
    """

    command: str
    folder: Path
    environment: dict[str, str]
    words: dict[str, str]
    prepare: Callable[[], None]
    limit: float
    least: float = 0.0
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _unwanted: threading.Event = field(default_factory=threading.Event)

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self, healthy: Callable[[], None], failed: Callable[[str], None]) -> None:
        """Begin; one of the two is called once it is known whether it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        threading.Thread(target=self._live, args=(healthy, failed), daemon=True).start()

    def stop(self) -> None:
        """End it, and do not start it again."""
        self._unwanted.set()
        if self._process is not None:
            _end(self._process)

    def _live(self, healthy: Callable[[], None], failed: Callable[[str], None]) -> None:
        began = time.monotonic()
        try:
            self.prepare()
            process = self._begin()
            self._wait_until_healthy(process)
        except Exception as error:
            if self._process is not None:
                _end(self._process)
            if not self._unwanted.is_set():
                failed(str(error))
            return
        if not self._unwanted.wait(max(0.0, began + self.least - time.monotonic())):
            healthy()
        self._keep_alive(process)

    def _keep_alive(self, process: subprocess.Popen[bytes]) -> None:
        pause = 0.5
        while True:
            process.wait()
            if self._unwanted.wait(pause):
                return
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            process = self._begin()
            with suppress(ServerFailed):
                self._wait_until_healthy(process)
                pause = 0.5

    def _begin(self) -> subprocess.Popen[bytes]:
        if self._unwanted.is_set():
            raise ServerFailed("It is no longer wanted.")
        port = _free_port()
        words = {**self.words, "port": str(port)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [part.format(**words) for part in shlex.split(self.command)],
                cwd=self.folder,
                env={**self.environment, "PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self._unwanted.is_set():
            _end(self._process)
        self.port = port
        return self._process

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.limit
        with httpx.Client(trust_env=False, timeout=5.0) as http:
            while process.poll() is None:
                with suppress(httpx.TransportError):
                    if http.get(f"http://127.0.0.1:{self.port}/").status_code < 500:
                        return
                if time.monotonic() > deadline:
                    raise ServerFailed("User container did not become ready in time. See its log.")
                time.sleep(_LOOK_SECONDS)
        raise ServerFailed(f"User container has crashed or terminated with exit code {process.poll()}. See its log.")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign, patience in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if process.poll() is None:
                os.killpg(process.pid, sign)
                process.wait(patience)
