"""What this process takes of memory, in MB of 10^6 bytes."""

from __future__ import annotations

import resource
import sys

import psutil


def held() -> float:
    """Now."""
    return psutil.Process().memory_info().rss / 1e6


def peak() -> float:
    """The most it ever took."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
