"""How large a value gets by chance so seldom that no sample shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def exceeded_with(values: Sequence[float] | np.ndarray, probability: float, peaks: float) -> float:
    """The value that chance exceeds with that probability (0..1).

    Peaks over a threshold, the exponential case (Pickands 1975): beyond the quantile that the share `peaks` of the
    values exceeds, the tail falls as their mean excess says. ValueError without values.
    """
    found = np.asarray(values, dtype=float)
    if len(found) == 0:
        raise ValueError("there are no values to take a tail of")
    if probability >= peaks:
        return float(np.quantile(found, 1 - probability))
    peak = float(np.quantile(found, 1 - peaks))
    excess = float((found[found >= peak] - peak).mean())
    return peak + excess * math.log(peaks / probability)
