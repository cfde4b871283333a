"""How well a reference is peopled where a window has its rows."""

from __future__ import annotations

import numpy as np

from lifecycle.base import Frozen

_BINS = 20


class Peopled(Frozen):
    """How a reference's rows spread over a score: (-inf, edges[0]], (edges[0], edges[1]], ..., (edges[-1], inf)."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def thinness(self, values: np.ndarray) -> float:
        """How many times fewer rows of the reference speak for such a window than there are, at least 1.

        A mean over the window of what each bin of the reference says has the variance sum(q^2 / p) / rows, where q is
        the window's share in a bin and p the reference's. values: the window's scores, shape (rows,).
        """
        window = _binned(np.asarray(self.edges), values)
        return max(1.0, float((window**2 / np.asarray(self.shares)).sum()))


def peopled(values: np.ndarray) -> Peopled:
    """The spread of a reference's scores over twentieths of it, shape (rows,), at least one."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1], method="inverted_cdf"))
    edges = edges[edges < values.max()]  # every bin holds some row
    return Peopled(edges=tuple(edges.tolist()), shares=tuple(_binned(edges, values).tolist()))


def _binned(edges: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The share of the values in each bin, shape (edges + 1,)."""
    places = np.searchsorted(edges, values, side="left")
    return np.bincount(places, minlength=len(edges) + 1) / len(values)
