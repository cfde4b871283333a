"""What a metric loses when the rows it is measured on are disturbed: shuffled, noisy, with values gone.

Importance is the loss when a column is shuffled (Breiman 2001; Fisher, Rudin and Dominici 2019): what the model needs
it for, where `monitoring.importance` tells how far its answers move. Noise and missing values ask what becomes of the
metric when production's data are a little worse than the hold-out's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from monitoring.coercion import to_numbers
from monitoring.metrics import HIGHER_IS_BETTER
from monitoring.resampling import bootstrap, interval
from monitoring.weighted_metrics import Outcomes, score

RESAMPLES = 500
_DEALS = 5


@dataclass(frozen=True)
class Loss:
    """A metric before and after, and how much of it was lost: above 0 it became worse, whatever the metric.

    low, high: the paired 95 % interval of the loss, in the metric's unit. None where the rows define none.
    skill: by how much the metric before is better than that of the same answers dealt out at random: all there is to
    lose. A share of the metric itself would mean little: an error that is near 0 doubles at the first touch.
    """

    before: float
    after: float
    lost: float
    low: float | None
    high: float | None
    skill: float

    @property
    def share(self) -> float | None:
        """Of the skill; None where there is none."""
        return self.lost / self.skill if self.skill > 0 else None

    def surely_beyond(self, share: float) -> bool:
        """Whether more than that share of the skill is lost, by more than chance."""
        return self.low is not None and self.low > share * max(self.skill, 0.0)


def shuffled(frame: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    """The rows with one column's values dealt out anew."""
    order = rng.permutation(len(frame))
    return frame.assign(**{column: frame[column].take(order).set_axis(frame.index)})


def noisy(frame: pd.DataFrame, columns: Sequence[Column], share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Normal noise on every numeric column, share of its standard deviation, within the column's range."""
    changed = {}
    for column in (one for one in columns if one.numeric):
        values = to_numbers(frame[column.name]).astype(float)
        moved = values + rng.normal(0.0, share * float(values.std() or 0.0), len(values))
        moved = moved.clip(column.minimum, column.maximum)
        changed[column.name] = moved.round() if column.type == "integer" else moved
    return frame.assign(**changed)


def with_gaps(frame: pd.DataFrame, columns: Sequence[Column], share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Some values taken away, of the columns that may lack values: of the others, a request would be refused."""
    changed = {}
    for column in (one for one in columns if one.missing_allowed):
        gone = rng.random(len(frame)) < share
        values = frame[column.name]
        if column.type == "category":
            changed[column.name] = values.astype(object).mask(gone, None)
        else:
            changed[column.name] = values.astype(float).mask(gone)
    return frame.assign(**changed)


def loss(metric: str, before: Outcomes, after: Sequence[Outcomes], seed: int) -> Loss | None:
    """The metric's mean over the disturbed rows against the same rows undisturbed. None where it is not defined."""
    sign = 1.0 if HIGHER_IS_BETTER[metric] else -1.0

    def lost(weights: np.ndarray) -> np.ndarray:
        each = [score(metric, one, weights) for one in after]
        return sign * (score(metric, before, weights) - np.mean(each, axis=0))

    once = np.ones((1, before.rows))
    clean, observed = float(score(metric, before, once)[0]), float(lost(once)[0])
    if not np.isfinite([clean, observed]).all():
        return None
    low, high = interval(bootstrap(lost, before.rows, RESAMPLES, seed), 0.95) or (None, None)
    skill = importance(metric, before, _dealt_out(before, np.random.default_rng(seed)))
    return Loss(clean, clean - sign * observed, observed, low, high, skill or 0.0)


def _dealt_out(outcomes: Outcomes, rng: np.random.Generator) -> list[Outcomes]:
    """The answers under other rows' labels: what is left when nothing is known of the rows."""
    orders = [rng.permutation(outcomes.rows) for _ in range(_DEALS)]
    return [replace(outcomes, label=outcomes.label[order]) for order in orders]


def importance(metric: str, before: Outcomes, after: Sequence[Outcomes]) -> float | None:
    """The mean loss of the metric over several shufflings of one column, in its unit. None where it is not defined."""
    sign = 1.0 if HIGHER_IS_BETTER[metric] else -1.0
    once = np.ones((1, before.rows))
    lost = [sign * float((score(metric, before, once) - score(metric, one, once))[0]) for one in after]
    return float(np.mean(lost)) if np.isfinite(lost).all() else None
