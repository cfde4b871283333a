"""Which labelled predictions speak for a window whose own labels have not come yet.

Where labels take a week, a day's window never holds one of its own: judged by those alone, no loss of performance would
ever be seen. What is new in a window are the labels that came in it. They are of predictions made earlier, by the
same model, and say how it did then.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd


def newly_labelled(labelled: pd.DataFrame, start: datetime, end: datetime, minimum_rows: int) -> pd.DataFrame:
    """The predictions whose labels came in [start, end); where those are too few, the newest that came before, too.

    labelled: one model's predictions with their labels, as `performance.join_labels` has them: `time` of the prediction
    and `observed_at` of the label, UTC. Labels that came at the end or later do not count. In the order in which the
    predictions were made; fewer than `minimum_rows` only where there are no more.
    """
    known = labelled[labelled["observed_at"] < end].sort_values("observed_at", kind="stable")
    new = int((known["observed_at"] >= start).sum())
    return known.tail(max(new, minimum_rows)).sort_values("time", kind="stable", ignore_index=True)
