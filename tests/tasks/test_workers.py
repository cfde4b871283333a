"""Processes that answer lines: a death, a hang or a process that does not start costs what it must and no more."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from tasks.workers import NoAnswer, NoWorker, answers

ECHO = """
import os, sys, threading
print("ready", flush=True)
for line in sys.stdin:
    if line == "die\\n":
        os._exit(3)
    if line == "hang\\n":
        threading.Event().wait()
    print(line.strip() * 3, os.getpid(), flush=True)
"""
PYTHON = [sys.executable, "-c"]


def asked(orders: list[str], processes: int, seconds: float = 30.0) -> dict[int, str | NoAnswer]:
    return dict(answers([*PYTHON, ECHO], os.environ, orders, processes, seconds))


def test_every_order_is_answered_by_so_many_processes() -> None:
    found = asked([str(number) for number in range(40)], processes=2)
    told = {place: str(answer).split() for place, answer in found.items()}
    assert {place: words[0] for place, words in told.items()} == {place: str(place) * 3 for place in range(40)}
    assert len({words[1] for words in told.values()}) <= 2


def test_one_that_dies_costs_one_answer() -> None:
    found = asked(["a", "die", "b", "c"], processes=1)
    assert {place for place, answer in found.items() if isinstance(answer, NoAnswer)} == {1}
    assert "exit code 3" in str(found[1])
    assert str(found[0]).split()[1] != str(found[2]).split()[1]


def test_one_that_takes_too_long_is_ended() -> None:
    found = asked(["hang", "a"], processes=1, seconds=0.5)
    assert "longer than" in str(found[0])
    assert str(found[1]).startswith("aaa")


def test_a_process_that_does_not_start_is_told_at_once() -> None:
    with pytest.raises(NoWorker, match="does not start"):
        list(answers([*PYTHON, "raise SystemExit(1)"], os.environ, ["a", "b"], 2, 30.0))


def test_whoever_stops_early_leaves_no_process(tmp_path: Path) -> None:
    running = answers([*PYTHON, ECHO], os.environ, [str(tmp_path)] * 5 + ["hang"] * 5, 2, 300.0)
    pid = int(str(next(running)[1]).split()[1])
    running.close()
    assert not psutil.pid_exists(pid)
