"""The keeper starts again what ended without having been told to, and does not let a part that cannot run eat all."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from deployments.environment import ROOT
from deployments.keeper import Keeper
from deployments.parts import Part
from deployments.ports import free_ports, listens
from deployments.processes import Started, end, start
from deployments.stack_record import Record, read_record, write_record
from platforms.settings import Settings
from tests.waiting import until

ADDRESSES = {"prefect": "http://127.0.0.1:9", "mlflow": "http://127.0.0.1:9"}


def keeper_of(
    state: Path, code: str, ports: tuple[str, ...] = (), addresses: Mapping[str, str] = ADDRESSES
) -> tuple[Keeper, Started]:
    """Of one part, which runs that code and was started before."""
    command = [sys.executable, "-c", code]
    part = Part("part", lambda _, __: command, ports)
    first = start(command, {}, state / "logs" / "part.log", ROOT)
    write_record(state, Record({"part": first}, addresses))
    return Keeper(Settings(state=state), [part]), first


def test_what_was_killed_runs_again(tmp_path: Path) -> None:
    keeper, first = keeper_of(tmp_path, "import time; time.sleep(600)")
    assert keeper.look() == [], "it runs"
    process = first.process
    assert process is not None
    process.kill()
    until(lambda: first.process is None, 10)
    assert keeper.look() == ["part"]
    again = read_record(tmp_path).processes["part"]
    try:
        assert again.pid != first.pid
        assert again.process is not None
        assert read_record(tmp_path).addresses == ADDRESSES
        assert keeper.look() == []
    finally:
        end([again])


CHILD = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({file!r}).write_text(str(child.pid))
time.sleep(600)
"""


@pytest.mark.parametrize("listens", [True, False])
def test_what_a_killed_part_left_gives_its_port_free(tmp_path: Path, listens: bool) -> None:
    """MLflow's server is a child of what we start. What a worker ran, which listens nowhere, runs on."""
    told = tmp_path / "child"
    keeper, first = keeper_of(tmp_path, CHILD.format(file=str(told)), ("mlflow",) if listens else ())
    until(lambda: told.exists() and told.read_text() != "", 10)
    child = psutil.Process(int(told.read_text()))
    process = first.process
    assert process is not None
    process.kill()
    until(lambda: first.process is None, 10)
    assert keeper.look() == ["part"]
    try:
        if listens:
            until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)
        assert child.is_running() or listens
    finally:
        end([read_record(tmp_path).processes["part"]])
        if child.is_running():
            child.kill()


LISTENS = """
import socket, time
with socket.create_server(("127.0.0.1", {port})):
    time.sleep(600)
"""


def test_what_has_listened_is_started_again_at_once_however_often(tmp_path: Path) -> None:
    port = free_ports(["part"])["part"]
    keeper, last = keeper_of(
        tmp_path, LISTENS.format(port=port), ("part",), {**ADDRESSES, "part": f"http://127.0.0.1:{port}"}
    )
    try:
        for _ in range(4):
            until(lambda: listens(port), 10)
            assert keeper.look() == [], "it runs, and is seen to listen"
            process = last.process
            assert process is not None
            process.kill()
            until(lambda last=last: last.process is None, 10)  # type: ignore[misc]
            assert keeper.look() == ["part"]
            last = read_record(tmp_path).processes["part"]
    finally:
        end([last])


def test_what_ends_at_once_is_started_ever_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, first = keeper_of(tmp_path, "pass")
    clock = [0.0]
    monkeypatch.setattr("deployments.keeper.time.monotonic", lambda: clock[0])
    last, starts = first, 0
    for second in range(60):
        clock[0] = float(second)
        until(lambda last=last: last.process is None, 10)  # type: ignore[misc]
        starts += len(keeper.look())
        last = read_record(tmp_path).processes["part"]
    assert starts == 6, "after 0, 1, 3, 7, 15 and 30 seconds each"
