"""Models that forecast quantiles: `predict` says the median, `transform` a column for each level.

`score.py`, which imports nothing of ours, does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def quantiles_of(model: Any, features: pd.DataFrame, levels: Sequence[float]) -> np.ndarray | None:
    """The quantiles that the model gives at these levels, shape (rows, levels); None where it gives none.

    Each row's ascend: models fitted apart may cross, and putting their answers in order never makes them worse
    (Chernozhukov, Fernández-Val and Galichon 2010).
    """
    if not levels or not hasattr(model, "transform"):
        return None
    found = np.asarray(model.transform(features))
    return np.sort(found, axis=1) if found.shape == (len(features), len(levels)) else None
