"""Probabilities that mean what they say: a monotone map from what a model claims to how often it comes true.

Isotonic regression (Zadrozny and Elkan 2002), kept as its corner points, which are JSON. It has no shape to choose, and
it leaves the order of the rows as it was, but for ties.
"""

from __future__ import annotations

import numpy as np

from lifecycle.base import Frozen

MINIMUM_EACH = 25  # rows of either class below which a map would follow single rows
_FOLDS = 5


class IsotonicMap(Frozen):
    """Straight lines between the corners (claimed, true), both 0..1 and ascending; level beyond the outermost."""

    claimed: tuple[float, ...]
    true: tuple[float, ...]

    def apply(self, probability: np.ndarray) -> np.ndarray:
        """The calibrated probability of each, same shape."""
        return np.interp(probability, self.claimed, self.true)


AS_IT_IS = IsotonicMap(claimed=(0.0, 1.0), true=(0.0, 1.0))


def fit_isotonic(probability: np.ndarray, positive: np.ndarray) -> IsotonicMap:
    """The map of a class. probability: claimed of it, shape (rows,); positive: whether it came true, bool."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(probability, positive.astype(float))
    return IsotonicMap(claimed=tuple(fitted.X_thresholds_.tolist()), true=tuple(fitted.y_thresholds_.tolist()))


def fit_where_it_helps(probability: np.ndarray, positive: np.ndarray, *, seed: int = 0) -> IsotonicMap:
    """The map, or the identity where the claims are as good without one.

    Decided on rows that the map has not seen, by the Brier score, which is proper (Gneiting and Raftery 2007): of a
    model that is calibrated already, a map would only add its own noise.
    """
    if min(positive.sum(), (~positive).sum()) < MINIMUM_EACH:
        return AS_IT_IS
    held_out = _cross_fitted(probability, positive, np.random.default_rng(seed))
    helps = np.mean((held_out - positive) ** 2) < np.mean((probability - positive) ** 2)
    return fit_isotonic(probability, positive) if helps else AS_IT_IS


def _cross_fitted(probability: np.ndarray, positive: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each row mapped by what the other folds say; the folds are alike in their share of positives."""
    fold = np.empty(len(positive), dtype=int)
    for members in (np.flatnonzero(positive), np.flatnonzero(~positive)):
        fold[rng.permutation(members)] = np.arange(len(members)) % _FOLDS
    mapped = np.empty(len(positive))
    for number in range(_FOLDS):
        inside = fold == number
        mapped[inside] = fit_isotonic(probability[~inside], positive[~inside]).apply(probability[inside])
    return mapped
