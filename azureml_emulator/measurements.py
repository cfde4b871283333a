"""What is measured of a scored request."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One request that reached a deployment; `at` is when it ended, in seconds since the epoch."""

    at: float
    deployment: str
    status: int
    model_status: str
    ms: float


def percentile(requests: Sequence[Request], share: int) -> float:
    """The nearest rank of the latencies, of at least one request."""
    ordered = sorted(request.ms for request in requests)
    return ordered[max(math.ceil(len(ordered) * share / 100) - 1, 0)]
