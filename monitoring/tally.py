"""How often each value occurs, as long as there are not too many of them to be kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from lifecycle.base import Frozen

DISTINCT = 2000


class Tally(Frozen):
    """Pairs of a value and its count, in the values' order; None once more than 2,000 values occurred, however they
    came: so tallies made apart add up to the one made at once."""

    pairs: tuple[tuple[str | float, int], ...] | None = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str | float, int]]) -> Tally:
        """Of values, each once, with their counts; all texts or all numbers."""
        kept = tuple(sorted(pairs))
        return cls(pairs=kept if len(kept) <= DISTINCT else None)

    def __add__(self, other: Tally) -> Tally:
        """Of both."""
        if self.pairs is None or other.pairs is None:
            return Tally(pairs=None)
        both = Counter(dict(self.pairs))
        both.update(dict(other.pairs))
        return Tally.of(both.items())


def tally_sorted(values: np.ndarray) -> Tally:
    """Of numbers in ascending order, shape (values,)."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.array([], dtype=int)
    if len(starts) > DISTINCT:
        return Tally(pairs=None)
    times = np.diff(np.r_[starts, len(values)])
    return Tally.of(zip(values[starts].tolist(), times.tolist(), strict=True))
