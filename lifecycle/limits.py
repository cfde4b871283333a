"""What a workload tolerates of its service, and between the groups of people that it serves."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from lifecycle.base import Frozen

MINIMUM_REQUESTS = 100
FOUR_FIFTHS = 0.8


class FairnessLimit(Frozen):
    """How far apart the groups of a sensitive column may lie in a metric."""

    metric: str = Field(min_length=1)
    difference: float | None = Field(
        default=None, ge=0, description="Between two groups, in the metric's unit, at most"
    )
    ratio: float | None = Field(
        default=None, gt=0, le=1, description="Smallest over largest, at least: the four-fifths rule is 0.8"
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.difference is None and self.ratio is None:
            raise ValueError("a limit of fairness needs a difference or a ratio")
        return self


class ServiceLimits(Frozen):
    """What is tolerated; None is not looked at. Rates and shares 0..1, latencies in ms, loads in per cent 0..100."""

    error_rate: float | None = Field(default=0.01, ge=0, le=1)
    unanswered_rate: float | None = Field(default=0.01, ge=0, le=1)
    p50_ms: float | None = Field(default=None, gt=0)
    p95_ms: float | None = Field(default=None, gt=0)
    p99_ms: float | None = Field(default=None, gt=0)
    cpu_percent: float | None = Field(default=90.0, gt=0, le=100)
    memory_percent: float | None = Field(default=90.0, gt=0, le=100)
    queue_seconds: float | None = Field(default=1800.0, gt=0, description="Of a training job, for compute")
    minimum_requests: int = Field(default=MINIMUM_REQUESTS, ge=1)
