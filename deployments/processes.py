"""Long-lived processes of ours: started detached, recognised by pid and start time, ended with all they started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Started:
    """A process that we started. The start time tells it from another that got its pid later."""

    pid: int
    started: float  # seconds since the epoch
    log: str

    def as_record(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def process(self) -> psutil.Process | None:
        """The process, while it lives and is the one we started."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.started) < 0.1 and found.status() != psutil.STATUS_ZOMBIE:
                return found
        return None


def start(command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> Started:
    """Start it in a session of its own, so that it outlives us, with its output in the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Started(child.pid, psutil.Process(child.pid).create_time(), str(log))


def end(started: Sequence[Started]) -> int:
    """End these processes and what they started, politely and then not; how many there were."""
    ours = [process for one in started if (process := one.process) is not None]
    family = list(ours)
    for process in ours:
        with suppress(psutil.NoSuchProcess):
            family += process.children(recursive=True)
    for process in ours:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(family, timeout=GRACE_SECONDS)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=GRACE_SECONDS)
    return len(ours)


def end_rest(started: Started) -> None:
    """End what a process left in its session that has ended itself, so that its ports are free: at once, and if any."""
    with suppress(psutil.NoSuchProcess):
        if abs(psutil.Process(started.pid).create_time() - started.started) >= 0.1:
            return  # another one by now, and nothing of ours is left
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)  # `start` made it the leader of a session of its own


def log_end(log: str, lines: int = 15) -> str:
    """The end of a log, for an error message."""
    path = Path(log)
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""
