"""Are there enough labelled rows for a retraining to help? Too few of the changed world; or many more than there were.

After a loss of performance, the rows from before it teach what no longer holds. Those since it began are few at first,
and a model of few rows is no good: a retraining waits for `MINIMUM_ROWS` of them, or for a quarter of all rows that the
workload has where that is less, since a small one would wait too long. What it then learns from is still little,
and its champion keeps what little it promised, so that no loss would ever show how much better it could be. So it is
trained again when there are `GROWN` times as many rows: of one world that happens seldom, since a multiple of a
multiple is soon out of reach.

`MINIMUM_ROWS` and `GROWN` were chosen on the simulated year (`benchmarks/simulated_year`), seeds 0 and 1.
"""

from __future__ import annotations

MINIMUM_ROWS = 1000
FEWEST_ROWS = 250  # one in five is held out, and fewer than fifty tell nothing of a candidate
GROWN = 4.0


def enough_rows(all_rows: int) -> int:
    """How many labelled rows since a loss began suffice. all_rows: that there were when the champion was trained,
    be it on all of them or on the newest."""
    return max(FEWEST_ROWS, min(MINIMUM_ROWS, round(all_rows / GROWN)))


def too_few_since(rows: int, minimum: int = MINIMUM_ROWS) -> str | None:
    """Why the labelled rows since the loss began do not suffice, in words; None where they do."""
    return None if rows >= minimum else f"{rows} labelled rows since the loss began are fewer than {minimum}"


def grown_to(trained_rows: int, rows: int, grown: float = GROWN) -> str | None:
    """That there are many more labelled rows of the champion's world, in words; None where there are not.

    trained_rows: of the dataset that was last trained on, be it the champion's or that of a candidate it won against:
    what did not help is not tried again on hardly more. rows: labelled, since the oldest that the champion learnt from.
    """
    if rows < grown * trained_rows:
        return None
    return f"{rows} labelled rows are {rows / max(trained_rows, 1):.1f} times those that were last trained on"
