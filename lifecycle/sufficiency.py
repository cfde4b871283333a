"""Are there enough labelled rows for a retraining to help? Too few of the changed world; or many more than there were.

After a loss of performance, the rows from before it teach what no longer holds. Those since it began are few at first,
and a model of few rows is no good: a retraining waits for `retrain.minimum_rows` of them. What it then learns from is
still little, and its champion keeps what little it promised, so that no loss would ever show how much better it could
be. So it is trained again when its rows have become `retrain.grown` times as many: which retrainings of the same
world, since a multiple of a multiple is soon out of reach, stay few.
"""

from __future__ import annotations

from lifecycle.workload import Retrain


def too_few_since(retrain: Retrain, rows: int) -> str | None:
    """Why the labelled rows since the loss began do not suffice, in words; None where they do."""
    if rows >= retrain.minimum_rows:
        return None
    return f"{rows} labelled rows since the loss began are fewer than {retrain.minimum_rows}"


def grown_to(retrain: Retrain, champion_rows: int, rows: int) -> str | None:
    """How many labelled rows of the champion's world there are, in words, where that asks for a retraining.

    champion_rows: of its dataset. rows: labelled, since the oldest of those.
    """
    if retrain.grown is None or rows < retrain.grown * champion_rows:
        return None
    return f"{rows} labelled rows are {rows / max(champion_rows, 1):.1f} times what the champion was trained on"
