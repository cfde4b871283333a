"""Calls to a service that may be starting or overloaded, made again for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from platforms.ports import Unavailable

Answer = TypeVar("Answer")


def patiently(call: Callable[[], Answer], seconds: float) -> Answer:
    """What the call returns. Made again while it raises Unavailable, for so many seconds; its last error after that."""
    deadline = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            return call()
        except Unavailable:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 3.0)
