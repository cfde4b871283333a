"""Waiting for a condition, and what it means when it does not come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class DemoFailed(RuntimeError):
    """Something that the demo promises did not happen."""


def wait_for(what: str, look: Callable[[], Found | None], seconds: float, every: float = 0.2) -> Found:
    """Look until there is something. DemoFailed after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what} did not come within {seconds:.0f} s.")
        time.sleep(every)
