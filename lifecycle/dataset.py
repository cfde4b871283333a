"""A dataset version: immutable content, named by its hash."""

from __future__ import annotations

from datetime import datetime

from lifecycle.base import Frozen
from lifecycle.columns import Column
from lifecycle.forecast import Forecast, ForecastTerms
from lifecycle.workload import Kind

HOLDOUT_ONE_IN = 5  # a fixed hash of the row holds one in five out of every training, for ever
OBSERVED_AT = "_observed_at"  # a column of its rows: when each was observed, UTC


class DatasetManifest(Frozen):
    """What a dataset version is made of. Written last: where it is, the version is whole."""

    workload: str
    version: str
    kind: Kind
    label: str
    id: str | None
    columns: tuple[Column, ...]
    rows: int
    train_rows: int
    holdout_rows: int
    raw_rows: int  # as read from the raw blobs, good and bad
    labelled_rows: int  # from predictions whose labels have arrived
    quarantined_rows: int
    newest: datetime  # UTC
    since: datetime | None = None  # UTC: rows from before were left out
    sources: tuple[str, ...]
    forecast: Forecast | None = None  # of a series: how its columns were made
    seasonal_error: float | None = None  # of a series: see ForecastTerms

    @property
    def features(self) -> list[str]:
        """The columns that are trained on, in order."""
        return [column.name for column in self.columns]

    @property
    def terms(self) -> ForecastTerms:
        """What forecasts on these data are measured by; of other kinds nothing."""
        levels = () if self.forecast is None else self.forecast.quantiles
        return ForecastTerms(levels=levels, seasonal_error=self.seasonal_error)
