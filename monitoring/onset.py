"""Since when does the model do worse? Where the mean of its losses rose, told from the losses row by row.

A retraining on all labelled rows learns mostly what no longer holds: days after a sudden change, one labelled row in
fifty is of the new world. Those since the onset are all of it.

The shift in the mean that explains the losses best is the split with the largest likelihood (of normal errors, which
is that of least squares: Hinkley 1970, Biometrika 57). It is believed where its statistic (the sup-Wald of one
parameter: Andrews 1993, Econometrica 61, table I) is beyond what the best split reaches in one of a hundred series
without a rise: 14, simulated on 300 to 20,000 rows, since splits are allowed nearer to the ends than his 15 %. A
gradual change has no moment: then the split lies within it.
"""

from __future__ import annotations

import numpy as np

MINIMUM_ROWS = 50  # on either side of the split
_BEYOND_CHANCE = 14.0


def onset(losses: np.ndarray) -> int:
    """The place of the first row since which the mean loss is higher; 0 where no rise is shown.

    losses: of each labelled row by itself (1 for a wrong class, a squared error), the oldest first, shape (rows,). All
    of one model, and of rows it was not trained on.
    """
    rows = len(losses)
    if rows < 2 * MINIMUM_ROWS:
        return 0
    before = np.arange(MINIMUM_ROWS, rows - MINIMUM_ROWS + 1)
    after = rows - before
    sums = np.cumsum(losses, dtype=float)
    rise = (sums[-1] - sums[before - 1]) / after - sums[before - 1] / before
    explained = np.where(rise > 0, before * after / rows * rise**2, 0.0)
    best = int(explained.argmax())
    total = float(((losses - losses.mean()) ** 2).sum())
    unexplained = (total - explained[best]) / (rows - 2)
    if explained[best] <= _BEYOND_CHANCE * unexplained:
        return 0
    return int(before[best])
