"""What a forecasting workload says of its series: its time, its seasons, how far ahead, how it is held out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import Field, PlainSerializer, model_validator

from lifecycle.base import Frozen
from lifecycle.columns import Column
from lifecycle.durations import Duration, spell_duration

LONGEST_LAGGED = timedelta(days=28)  # longer seasons are known by the calendar, not by what was a season ago
MEDIAN = 0.5
Period = Annotated[Duration, PlainSerializer(spell_duration, when_used="json")]


class ForecastTerms(Frozen):
    """What forecasts are measured by.

    levels: the probabilities (0..1, ascending) of the quantiles that a model gives; none: it gives no quantiles.
    seasonal_error: mean absolute error of the seasonal naive forecast on the training data, in the label's unit; none
    where it is not known, or is zero.
    """

    levels: tuple[float, ...] = ()
    seasonal_error: float | None = None


class Backtest(Frozen):
    """Forecasts from several cut-offs in the past, each by a model that was trained on what came before."""

    cutoffs: int = Field(default=4, ge=2, description="How many")
    stretch: Period = Field(default=timedelta(days=14), description="How much is forecast after each")
    step: Period | None = Field(default=None, description="From one cut-off to the next; unsaid: a stretch")


class Forecast(Frozen):
    """A series in time and what is forecast of it: the label, up to `horizon` ahead."""

    time: str = Field(default="time", min_length=1, description="The column that says of when a row is; UTC is meant")
    horizon: Period = Field(default=timedelta(days=1), description="How far ahead the furthest row is asked for")
    seasons: tuple[Period, ...] = Field(
        default=(timedelta(days=7), timedelta(days=1)),
        min_length=1,
        description="What repeats; the first one is the seasonal naive forecast's",
    )
    lags: tuple[Period, ...] = Field(default=(), description="Unsaid: the horizon, and one and two seasons ago")
    quantiles: tuple[float, ...] = Field(default=(0.1, MEDIAN, 0.9), description="The median is the forecast")
    holdout: Period = Field(default=timedelta(days=28), description="The newest stretch, which is not trained on")
    backtest: Backtest = Backtest()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        early = [spell_duration(lag) for lag in self.lags if lag < self.horizon]
        if early:
            raise ValueError(f"lags {', '.join(early)} are not known {spell_duration(self.horizon)} ahead")
        if len(set(self.lags)) != len(self.lags) or len(set(self.seasons)) != len(self.seasons):
            raise ValueError("name each lag and each season once")
        if list(self.quantiles) != sorted(set(self.quantiles)) or not all(0 < one < 1 for one in self.quantiles):
            raise ValueError("quantiles ascend, between 0 and 1")
        if MEDIAN not in self.quantiles:
            raise ValueError("quantiles lack 0.5, the forecast itself")
        return self

    @property
    def naive_lag(self) -> timedelta:
        """How long ago the seasonal naive forecast looks: whole seasons, as few as are known at the horizon."""
        return _whole_seasons(self.seasons[0], self.horizon)

    @property
    def known_lags(self) -> tuple[timedelta, ...]:
        """The lags that a row carries, the shortest first; each is known when the furthest row is asked for."""
        if self.lags:
            return tuple(sorted(self.lags))
        once = [_whole_seasons(season, self.horizon) for season in self._lagged_seasons]
        twice = [lag + season for lag, season in zip(once, self._lagged_seasons, strict=True)]
        return tuple(sorted({self.horizon, *once, *twice}))

    @property
    def spans(self) -> tuple[timedelta, ...]:
        """The stretches before the newest known value whose mean a row carries."""
        return tuple(sorted(self._lagged_seasons))

    @property
    def _lagged_seasons(self) -> tuple[timedelta, ...]:
        return tuple(season for season in self.seasons if season <= LONGEST_LAGGED)

    @property
    def memory(self) -> timedelta:
        """How long before a row its oldest lag lies."""
        return max(*self.known_lags, *(self.horizon + span for span in self.spans), self.naive_lag)

    def lag_name(self, label: str, lag: timedelta) -> str:
        """The column of the label so long ago."""
        return f"{label}_lag_{spell_duration(lag)}"

    def mean_name(self, label: str, span: timedelta) -> str:
        """The column of the label's mean over the span that ends at the horizon."""
        return f"{label}_mean_{spell_duration(span)}"

    def made_columns(self, label: str) -> tuple[Column, ...]:
        """The columns made of the series itself. A series has gaps, so they may be missing."""
        names = [self.lag_name(label, lag) for lag in self.known_lags]
        names += [self.mean_name(label, span) for span in self.spans]
        return tuple(Column(name=name, type="number", missing_allowed=True) for name in names)

    def cutoffs(self, newest: datetime) -> tuple[float, ...]:
        """The backtest's, in Unix seconds, the oldest first; newest: the series' last time. Each stretch ends before
        the hold-out begins, the last one with it: an expanding window, as scikit-learn's TimeSeriesSplit."""
        step = self.backtest.step or self.backtest.stretch
        last = newest.timestamp() - (self.holdout + self.backtest.stretch).total_seconds()
        count = self.backtest.cutoffs
        return tuple(last - step.total_seconds() * back for back in reversed(range(count)))

    def for_job(self, newest: datetime) -> dict[str, Any]:
        """What a training script is told: all times and lengths in seconds."""
        stretch = self.backtest.stretch.total_seconds()
        return {
            "time": self.time,
            "horizon": self.horizon.total_seconds(),
            "seasons": [season.total_seconds() for season in self.seasons],
            "quantiles": list(self.quantiles),
            "backtest": [{"cutoff": cutoff, "until": cutoff + stretch} for cutoff in self.cutoffs(newest)],
        }

    def row_columns(self, label: str, given: tuple[Column, ...]) -> tuple[Column, ...]:
        """All that a model is asked with: the time in Unix seconds, what is known ahead, what was."""
        return (Column(name=self.time, type="number"), *given, *self.made_columns(label))


def _whole_seasons(season: timedelta, horizon: timedelta) -> timedelta:
    return season * max(1, -(-horizon // season))
