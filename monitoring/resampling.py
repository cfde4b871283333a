"""The bootstrap: how far a number could have come out otherwise, had other rows been drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

_DRAWS = 40_000_000  # rows drawn in all
_CACHED = 64_000  # weights that a processor's cache holds (512 kB): three times as fast as what it does not
_CHUNK = 4_000_000  # weights held at once at most (32 MB)
_TOGETHER = 16  # resamples at least, where memory allows: what a statistic does once a chunk must not count


def bootstrap_weights(rows: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each row is drawn in each resample, in chunks of shape (some resamples, rows), float64."""
    rng = np.random.default_rng(seed)
    at_once = max(1, min(resamples, _CHUNK // max(rows, 1), max(_TOGETHER, _CACHED // max(rows, 1))))
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        drawn = rng.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows).astype(float)


def bootstrap(statistic: Callable[[np.ndarray], np.ndarray], rows: int, resamples: int, seed: int) -> np.ndarray:
    """The statistic over resamples of the rows, NaN where it is undefined, shape (resamples,).

    Of more than 40,000 rows fewer resamples are drawn, 200 at least: the interval is narrow, and time counts.
    """
    resamples = min(resamples, max(200, _DRAWS // max(rows, 1)))
    return np.concatenate([statistic(weights) for weights in bootstrap_weights(rows, resamples, seed)])


def interval(values: np.ndarray, confidence: float) -> tuple[float, float] | None:
    """The percentile interval (Efron 1979). None where fewer than half of the resamples define the statistic."""
    defined = values[np.isfinite(values)]
    if len(defined) * 2 < len(values) or len(defined) == 0:
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
