"""How forecasts from several cut-offs in the past turned out: a metric a cut-off, their mean and their spread.

Rolling-origin evaluation (Tashman 2000), by an expanding window. One stretch tells of one time of the year; how far a
metric differs between stretches tells what the next one may bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import pandas as pd

from lifecycle.forecast import Forecast, ForecastTerms
from lifecycle.workload import Gate
from monitoring.errors import UnusableData
from monitoring.metrics import metrics_for


@dataclass(frozen=True)
class Backtested:
    """A metric at each cut-off, the oldest first."""

    metric: str
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return fmean(self.values)

    @property
    def spread(self) -> float:
        """The standard deviation between cut-offs."""
        return stdev(self.values)

    def holds(self, gate: Gate) -> bool:
        """Whether the gate holds at the mean, and a spread to either side of it."""
        return gate.holds(self.mean - self.spread) and gate.holds(self.mean + self.spread)

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.spread:.4f} over {len(self.values)} cut-offs"


def score_backtest(
    forecasts: pd.DataFrame, labels: pd.Series, forecast: Forecast, cutoffs: Sequence[float], terms: ForecastTerms
) -> dict[str, Backtested]:
    """Every metric that each cut-off defines, by name.

    forecasts: cutoff and time (Unix seconds), prediction and, where the model gives them, a column a quantile, named
    by its level. labels: by time, Unix seconds. cutoffs: those that were asked for. UnusableData where one of them
    was not forecast, or not all of its stretch: a backtest that leaves out the hard hours proves nothing.
    """
    lacking = {"cutoff", "time", "prediction"} - set(forecasts.columns)
    if lacking:
        raise UnusableData(f"The backtest lacks the columns {', '.join(sorted(lacking))}.")
    found = [_at_cutoff(forecasts, labels, forecast, cutoff, terms) for cutoff in cutoffs]
    shared = [metric for metric in found[0] if all(metric in one for one in found)]
    return {metric: Backtested(metric, tuple(one[metric] for one in found)) for metric in shared}


def _at_cutoff(
    forecasts: pd.DataFrame, labels: pd.Series, forecast: Forecast, cutoff: float, terms: ForecastTerms
) -> Mapping[str, float]:
    part = forecasts[forecasts["cutoff"] == cutoff].drop_duplicates("time").set_index("time")
    until = cutoff + forecast.backtest.stretch.total_seconds()
    wanted = labels[(labels.index >= cutoff) & (labels.index < until)]
    missing = wanted.index.difference(part.index)
    if len(missing) or wanted.empty:
        moment = pd.Timestamp(cutoff, unit="s")
        raise UnusableData(f"The backtest lacks {len(missing)} of {len(wanted)} rows after {moment:%Y-%m-%d %H:%M}.")
    names = [str(level) for level in terms.levels]
    rows = part.loc[wanted.index]
    said = rows[names] if names and set(names) <= set(rows.columns) else rows["prediction"]
    return metrics_for("forecasting", wanted.to_numpy(), said.to_numpy(), terms=terms)
