"""Servers that outlive a gateway that was killed: found again by what was written of them, and taken over.

So a new gateway answers as soon as it has its sockets. A server that no gateway takes over ends by itself (`serve.py`):
it watches the lock that a gateway holds as long as it lives.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from scoring.gateway.servers import Server

_FILE = "server.json"
_LOCK = "gateway.lock"
_LOOKED_AT_SECONDS = 2.0
_SAME_SECONDS = 1.0  # within which two processes of one id cannot both have begun


class TakenOver:
    """A process that is not our child: it runs or it does not, and nobody tells its exit code."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.pid: int = process.pid

    def poll(self) -> int | None:
        """None while it runs, else 1."""
        with suppress(psutil.Error):
            if self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
                return None
        return 1

    def terminate(self) -> None:
        with suppress(psutil.Error):
            self._process.terminate()

    def kill(self) -> None:
        with suppress(psutil.Error):
            self._process.kill()


@dataclass(frozen=True)
class Left:
    """A server that runs, and where it answers, or will."""

    server: TakenOver
    port: int


def lock_file(state: Path) -> Path:
    """The lock by which servers know that there is a gateway."""
    return state / _LOCK


def hold_lock(state: Path) -> IO[str]:
    """Take it for as long as this process lives. BlockingIOError where another gateway has it."""
    held, deadline = lock_file(state).open("a"), time.monotonic() + _LOOKED_AT_SECONDS
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)  # servers that look whether anybody has it hold it for a moment
        else:
            return held


def remember(folder: Path, server: Server, port: int) -> None:
    """Write down, in the slot's folder, what a later gateway takes over."""
    with suppress(psutil.Error):  # it has ended already
        told = {"pid": server.pid, "born": psutil.Process(server.pid).create_time(), "port": port}
        part = folder / f"{_FILE}.part"
        part.write_text(json.dumps(told))
        part.replace(folder / _FILE)


def find_left(folder: Path) -> Left | None:
    """The server that an earlier gateway started in that folder, if it runs."""
    try:
        told = json.loads((folder / _FILE).read_text())
        process = psutil.Process(told["pid"])
        same = abs(process.create_time() - told["born"]) < _SAME_SECONDS
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    server = TakenOver(process)
    return Left(server, told["port"]) if same and server.poll() is None else None


def end_unwanted(slots: Path, wanted: set[Path]) -> None:
    """End what an earlier gateway left in folders that no slot has any more, and remove these."""
    for folder in slots.glob("*/"):
        if folder in wanted:
            continue
        left = find_left(folder)
        if left is not None:
            left.server.terminate()
        shutil.rmtree(folder, ignore_errors=True)
