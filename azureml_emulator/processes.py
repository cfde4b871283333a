"""Ends a process with all that it has started, and waits until none of it is left.

A process whose parent has ended passes to another parent, which reaps it when it likes; until then it looks alive.
So a runner takes its orphans itself, where the system allows it (Linux): its job is over when it has reaped them all.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_GRACE_SECONDS = 10.0
_LOOK_SECONDS = 0.02
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """From now on, what this process's descendants leave behind is its own to reap. On Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_all(process: subprocess.Popen[bytes]) -> None:
    """Ask the process's group to end, then make it; what left the group for one of its own is ended too (on Linux)."""
    _signal(process.pid, signal.SIGTERM)
    if not _wait(lambda: _is_over(process), _GRACE_SECONDS):
        _signal(process.pid, signal.SIGKILL)
        _wait(lambda: _is_over(process), _GRACE_SECONDS)
    _wait(_no_child_is_left, _GRACE_SECONDS)


def _signal(group: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        os.killpg(group, sign)


def _is_over(process: subprocess.Popen[bytes]) -> bool:
    """Whether the group has no member any more. The leader is reaped first, so that its exit code is not lost."""
    if process.poll() is None:
        return False
    _reap()
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return True
    return False


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _no_child_is_left() -> bool:
    """Kills what is left, which may leave orphans in its turn."""
    children = [child for file in Path("/proc/self/task").glob("*/children") for child in file.read_text().split()]
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
    _reap()
    return not children


def _wait(is_so: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
