"""Waiting, in tests: for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 4.0  # times the limits that hold on a free machine: the suite's own sessions load it, and others may
Found = TypeVar("Found")


def until(look: Callable[[], Found], seconds: float = 120.0, what: str = "it") -> Found:
    """What `look` finds, once that is true. AssertionError after so many seconds of a machine that is free."""
    deadline = time.monotonic() + PATIENCE * seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)
    return found
