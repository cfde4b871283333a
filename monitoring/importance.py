"""How much each column matters to a model on some rows: how far its answers move when the column is shuffled.

Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019) with the model's own answers in the labels'
place, so that it can be asked of any window. It measures what the model looks at, not whether it is right to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

Predict = Callable[[pd.DataFrame], Any]  # rows -> answers, shape (rows,) or (rows, classes)


def permutation_importance(
    predict: Predict, frame: pd.DataFrame, columns: Sequence[str], rng: np.random.Generator, *, repeats: int = 1
) -> np.ndarray:
    """The mean absolute move of the answers, by column, in the answers' unit; shape (columns,).

    Costs rows * (1 + columns * repeats) answers, in 1 + columns calls.
    """
    return block_importances(predict, frame, columns, [np.arange(len(frame))], rng, repeats=repeats)[0]


def block_importances(
    predict: Predict,
    frame: pd.DataFrame,
    columns: Sequence[str],
    blocks: Sequence[np.ndarray],
    rng: np.random.Generator,
    *,
    repeats: int = 1,
) -> np.ndarray:
    """The importances of many windows at the price of one: each column is shuffled inside each of them.

    blocks: the places of each window's rows, apart from one another. Answer: shape (blocks, columns).
    """
    places = np.concatenate(blocks)
    owner = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
    rows = frame.iloc[places]
    before = _answers(predict, rows)
    counts = np.bincount(owner, minlength=len(blocks)) * repeats
    found = np.empty((len(blocks), len(columns)))
    repeated = pd.concat([rows] * repeats, ignore_index=True)
    for number, name in enumerate(columns):
        order = np.concatenate([_shuffled_inside(owner, rng) for _ in range(repeats)])
        values = rows[name].take(order).reset_index(drop=True)
        after = _answers(predict, repeated.assign(**{name: values}))
        moved = np.abs(after - np.tile(before, (repeats, 1))).mean(axis=1)
        found[:, number] = np.bincount(np.tile(owner, repeats), weights=moved, minlength=len(blocks)) / counts
    return found


def _shuffled_inside(owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A permutation of the rows that leaves each in its block; owner: each row's block, ascending."""
    return np.lexsort((rng.random(len(owner)), owner))


def _answers(predict: Predict, rows: pd.DataFrame) -> np.ndarray:
    answers = np.asarray(predict(rows), dtype=float)
    return answers[:, None] if answers.ndim == 1 else answers
