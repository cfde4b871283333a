"""A server comes up where none can be forked."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from scoring.gateway import servers
from scoring.gateway.servers import ForkedServer, Forks, Order, Servers

PYTHON = Path(sys.executable)


def order(folder: Path, code: str) -> Order:
    return Order(str(folder), {"WORD": "hello"}, str(folder / "log.txt"), ("-c", code))


def test_what_forks_may_be_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(servers, "FORK_SERVER", Path(os.devnull))
    assert asyncio.run(Forks(PYTHON).fork(order(tmp_path, ""))) is None


def test_elsewhere_than_on_linux_it_is_begun_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(servers, "_FORKS", False)

    async def run() -> int | None:
        server = await Servers().start(PYTHON, order(tmp_path, "import os; print(os.environ['WORD'], os.getcwd())"))
        while server.poll() is None:
            await asyncio.sleep(0.01)
        return server.poll()

    assert asyncio.run(run()) == 0
    assert (tmp_path / "log.txt").read_text() == f"hello {tmp_path}\n"


def test_a_forked_server_is_ended_as_another_process_is() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    reading, writing = os.pipe()
    pid = os.posix_spawn(
        PYTHON, [str(PYTHON), "-c", deaf], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)]
    )
    os.read(reading, 1)
    server = ForkedServer(pid)
    assert server.poll() is None
    asyncio.run(servers.end(server, patience_seconds=0.1))
    assert server.poll() == -9
    server.terminate()  # harmless: its id may be another's by now
    os.close(reading)
    os.close(writing)
