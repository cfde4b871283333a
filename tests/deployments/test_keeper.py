"""The keeper starts again what ended without having been told to, and does not let a part that cannot run eat all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deployments.environment import ROOT
from deployments.keeper import Keeper
from deployments.parts import Part
from deployments.processes import Started, end, start
from deployments.stack_record import Record, read_record, write_record
from platforms.settings import Settings
from tests.conftest import wait_until

ADDRESSES = {"prefect": "http://127.0.0.1:9", "mlflow": "http://127.0.0.1:9"}


def keeper_of(state: Path, code: str) -> tuple[Keeper, Started]:
    """Of one part, which runs that code and was started before."""
    command = [sys.executable, "-c", code]
    part = Part("part", lambda _, __: command)
    first = start(command, {}, state / "logs" / "part.log", ROOT)
    write_record(state, Record({"part": first}, ADDRESSES))
    return Keeper(Settings(state=state), [part]), first


def test_what_was_killed_runs_again(tmp_path: Path) -> None:
    keeper, first = keeper_of(tmp_path, "import time; time.sleep(600)")
    assert keeper.look() == [], "it runs"
    process = first.process
    assert process is not None
    process.kill()
    wait_until(lambda: first.process is None, 10)
    assert keeper.look() == ["part"]
    again = read_record(tmp_path).processes["part"]
    try:
        assert again.pid != first.pid
        assert again.process is not None
        assert read_record(tmp_path).addresses == ADDRESSES
        assert keeper.look() == []
    finally:
        end([again])


def test_what_ends_at_once_is_started_ever_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, first = keeper_of(tmp_path, "pass")
    clock = [0.0]
    monkeypatch.setattr("deployments.keeper.time.monotonic", lambda: clock[0])
    last, starts = first, 0
    for second in range(60):
        clock[0] = float(second)
        wait_until(lambda last=last: last.process is None, 10)  # type: ignore[misc]
        starts += len(keeper.look())
        last = read_record(tmp_path).processes["part"]
    assert starts == 6, "after 0, 1, 3, 7, 15 and 30 seconds each"
