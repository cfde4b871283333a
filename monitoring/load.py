"""What a load test measured of a slot, and whether one slot is surely slower than another asked at the same time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecycle.base import Frozen

RESAMPLES = 1000
FEWEST = 20  # answers below which a percentile tells nothing
_TAIL = 0.95


class Measured(Frozen):
    """A slot under load. Latencies in ms, per_second: answers; memory in MB, cold_start_s in seconds.

    None: not known. answered counts those without an error.
    """

    asked: int
    answered: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    per_second: float
    memory_mb: float | None = None
    memory_growth_mb: float | None = None
    cold_start_s: float | None = None

    @property
    def error_rate(self) -> float:
        """The share (0..1) of requests that were not answered as they should be."""
        return 1 - self.answered / self.asked if self.asked else 1.0


def measured(
    latencies_ms: Sequence[float],
    errors: int,
    seconds: float,
    memory: tuple[float | None, float | None] = (None, None),
    cold_start_s: float | None = None,
) -> Measured:
    """Of what was seen in that many seconds. memory: before and after, in MB."""
    values = np.asarray(latencies_ms, dtype=float)
    p50, p95, p99 = np.quantile(values, [0.5, _TAIL, 0.99]).round(3).tolist() if len(values) else (None,) * 3
    before, after = memory
    growth = None if before is None or after is None else round(after - before, 1)
    return Measured(
        asked=len(values) + errors,
        answered=len(values),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        per_second=round(len(values) / seconds, 1) if seconds > 0 else 0.0,
        memory_mb=after,
        memory_growth_mb=growth,
        cold_start_s=cold_start_s,
    )


def slower_by(ours: Sequence[float], theirs: Sequence[float], seed: int) -> tuple[float, float, float] | None:
    """Our 95th percentile over theirs, with the ends of its 95 % bootstrap interval. None for too few answers.

    Both were asked in turns; answers that came one after the other are drawn together, as many as the square root of
    all, since a busy moment slows several (the moving blocks of Kuensch 1989).
    """
    if min(len(ours), len(theirs)) < FEWEST:
        return None
    rng = np.random.default_rng(seed)
    high, low = (np.quantile(_drawn(np.asarray(one, dtype=float), rng), _TAIL, axis=1) for one in (ours, theirs))
    ratio = high / np.maximum(low, 1e-9)
    lower, upper = np.quantile(ratio, [0.025, 0.975])
    observed = float(np.quantile(ours, _TAIL) / max(float(np.quantile(theirs, _TAIL)), 1e-9))
    return observed, float(lower), float(upper)


def _drawn(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Resamples in blocks, shape (RESAMPLES, about len(values))."""
    length = max(1, int(len(values) ** 0.5))
    blocks = -(-len(values) // length)
    starts = rng.integers(len(values) - length + 1, size=(RESAMPLES, blocks))
    places = (starts[:, :, None] + np.arange(length)).reshape(RESAMPLES, -1)
    return np.asarray(values[places[:, : len(values)]])
