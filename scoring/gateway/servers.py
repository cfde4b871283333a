"""A slot's server as a process: begun anew, or forked from one that has imported what servers need."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import psutil

FORK_SERVER = Path(__file__).parents[1] / "fork_server.py"
SERVER_NAME = "scoring server"  # that fork_server.py gives to what it forks
_FORKS = sys.platform == "linux"
_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36  # prctl's
_IMPORTS_SECONDS = 60.0


@dataclass(frozen=True)
class Order:
    """What a server is to be: the script and its words, where, with which environment, and where its output goes."""

    folder: str
    environment: Mapping[str, str]
    log: str
    words: Sequence[str]


class Server(Protocol):
    """A process, as subprocess.Popen knows it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class ForkedServer:
    """A child that we did not start ourselves; signals and exit codes as subprocess.Popen has them."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative where a signal ended it; None while it runs."""
        if self._code is None:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if found else None
        return self._code

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.poll() is None:  # else its id may be another's by now
            os.kill(self.pid, number)


class Forks:
    """One process that forks servers, of one environment's Python; started again when it has died."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._process: subprocess.Popen[str] | None = None
        self._turn = asyncio.Lock()

    def start(self) -> None:
        """Have it import, if it does not run."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [str(self._python), str(FORK_SERVER)],
                env=slot_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                preexec_fn=_die_with_parent,
            )

    async def fork(self, order: Order) -> ForkedServer | None:
        """A server; None where no fork could be had, and whoever asks must start one himself."""
        async with self._turn:
            self.start()
            asked = asyncio.ensure_future(asyncio.to_thread(self._ask, order))
            try:
                return ForkedServer(await asyncio.wait_for(asyncio.shield(asked), _IMPORTS_SECONDS))
            except (OSError, ValueError, TimeoutError):
                self.close()
                return None
            except asyncio.CancelledError:
                with suppress(OSError, ValueError):
                    await end(ForkedServer(await asked))  # nobody else knows of it
                raise

    def close(self) -> None:
        """End it; what it forked runs on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ask(self, order: Order) -> int:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise ValueError("it was ended")
        process.stdin.write(json.dumps(asdict(order)) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())


class Servers:
    """Starts servers, the quickest way that the system has."""

    def __init__(self) -> None:
        self._forks: dict[Path, Forks] = {}
        self._started: set[int] = set()
        if _FORKS:
            ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1)  # a forked server becomes our child

    def prepare(self, python: Path) -> None:
        """Have the imports done by the time that a server is wanted."""
        if _FORKS:
            self._of(python).start()

    async def start(self, python: Path, order: Order) -> Server:
        """A server of that environment."""
        forked = await self._of(python).fork(order) if _FORKS else None
        started: Server = _begin(python, order) if forked is None else forked
        self._started.add(started.pid)
        return started

    def forget(self, server: Server) -> None:
        """It has ended. The workers of one that was killed became our children, and nobody else asks how they ended."""
        self._started.discard(server.pid)
        if not _FORKS:
            return
        for child in psutil.Process().children():
            with suppress(psutil.Error, ChildProcessError):
                if child.name() == SERVER_NAME and child.pid not in self._started:
                    os.waitpid(child.pid, os.WNOHANG)

    def close(self) -> None:
        """End what forks; the servers are the caller's."""
        for forks in self._forks.values():
            forks.close()

    def _of(self, python: Path) -> Forks:
        return self._forks.setdefault(python, Forks(python))


def slot_environment() -> dict[str, str]:
    """What a slot may know of our environment: nothing that is a secret or somebody else's setting."""
    wanted = (
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "PERENNIAL_LOG_FLUSH_SECONDS",
        "OMP_NUM_THREADS",
        "OMP_WAIT_POLICY",
    )
    return {name: os.environ[name] for name in wanted if name in os.environ}


async def end(server: Server, patience_seconds: float = 10.0) -> None:
    """SIGTERM, and SIGKILL where that is not heard."""
    loop = asyncio.get_running_loop()
    server.terminate()
    deadline = loop.time() + patience_seconds
    while server.poll() is None and loop.time() < deadline:
        await asyncio.sleep(0.02)
    server.kill()
    while server.poll() is None:
        await asyncio.sleep(0.01)


def _begin(python: Path, order: Order) -> subprocess.Popen[bytes]:
    with Path(order.log).open("ab") as log:
        return subprocess.Popen(
            [str(python), *order.words],
            cwd=order.folder,
            env=dict(order.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # as what is forked
        )


def _die_with_parent() -> None:
    """What forks must not outlive a gateway that was killed: the kernel ends it then (Linux's PR_SET_PDEATHSIG)."""
    with suppress(OSError):
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
