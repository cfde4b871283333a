"""What a candidate is examined by before its release, and what is tolerated. None is not limited, only told."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from lifecycle.base import Frozen
from lifecycle.durations import Duration


class TrainingDataLimits(Frozen):
    """Of the rows that the candidate was trained on. Shares 0..1, of the raw rows or, by column, of the training's."""

    quarantined: float | None = Field(default=0.2, ge=0, le=1, description="Of the raw rows, that could not be used")
    missing: float | None = Field(default=0.5, ge=0, le=1, description="Of a column's values")
    invalid: float | None = Field(default=0.01, ge=0, le=1, description="Of a column: out of range, type or list")
    unseen: float | None = Field(default=0.2, ge=0, le=1, description="Of a column: not in the champion's data")
    copied: float | None = Field(default=None, ge=0, le=1, description="Rows that copy one shortly before them")
    than_champion: bool = Field(default=True, description="Nor surely more missing, invalid or copied than it learnt")


class Sensitivity(Frozen):
    """How the model is disturbed, on the newest held-out rows, and how much of its skill it may lose by it."""

    rows: int = Field(default=500, ge=50, description="Newest held-out rows, at most")
    noise: float = Field(default=0.1, ge=0, description="Of a numeric column's standard deviation, is added at random")
    missing: float = Field(default=0.05, ge=0, le=1, description="Of the values that may be missing, is taken away")
    loss: float | None = Field(
        default=0.3, gt=0, description="Of what the metric is better by than random answers, may surely be lost"
    )


class LoadTest(Frozen):
    """How the staging slot is asked, and what it must keep to. `monitor.service` limits it, too."""

    requests: int = Field(default=200, ge=50, le=100_000)
    connections: int = Field(default=4, ge=1, le=64)
    rows: int = Field(default=1, ge=1, le=1000, description="Of a request")
    within: Duration = Field(default=timedelta(seconds=10), description="Then it ends, asked to the end or not")
    times_champion: float | None = Field(default=2.0, ge=1, description="Of the champion's 95th percentile, at most")
    floor_ms: float = Field(default=50.0, ge=0, description="A 95th percentile below it is fast enough anyway")
    memory_growth_mb: float | None = Field(default=20.0, gt=0, description="Of the slot while it is asked")
    baseline: bool = Field(
        default=True,
        description="The champion is deployed beside the candidate and asked at the same time; "
        "false: it is held against what was measured when the champion was the candidate",
    )
