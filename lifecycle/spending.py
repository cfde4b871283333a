"""What retraining has cost, and why another one is not afforded.

Counted from the durations of the workload's own training jobs, each written down when the job ended. The records
are facts about the past: deleted, the past is forgotten, and the budget is whole again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from pydantic import Field

from lifecycle.base import Frozen
from lifecycle.workload import Budget

MONTH = timedelta(days=30)


class JobUsage(Frozen):
    """One training job that has ended, whether it left a model or not: either costs its machines."""

    job: str
    ended_at: datetime  # UTC
    seconds: float = Field(ge=0)
    machines: int = Field(default=1, ge=1, description="At once, as a search may have them")
    queued_seconds: float | None = Field(default=None, ge=0, description="For compute, where it waits for any")

    @property
    def hours(self) -> float:
        """Of machines."""
        return self.seconds * self.machines / 3600


def unaffordable(budget: Budget, retrainings_this_week: int, jobs: Sequence[JobUsage], now: datetime) -> str | None:
    """Why the budget allows no other retraining, in words; None where it does.

    A retraining is expected to take what the past ones took, their median: one that would exceed it is not begun.
    """
    if retrainings_this_week >= budget.retrainings_per_week:
        return f"{retrainings_this_week} of {budget.retrainings_per_week} retrainings this week"
    month = [job.hours for job in jobs if now - MONTH <= job.ended_at <= now]
    spent, another = sum(month), median([job.hours for job in jobs]) if jobs else 0.0
    hours, cost, price = budget.compute_hours_per_month, budget.cost_per_month, budget.price_per_hour
    if hours is not None and (spent + another > hours or spent >= hours):
        return f"{spent:.2f} of {hours:g} compute hours in 30 days are spent, and a retraining takes {another:.2f}"
    if cost is not None and price is not None and ((spent + another) * price > cost or spent * price >= cost):
        return f"{spent * price:.2f} of {cost:g} in 30 days is spent, and a retraining costs {another * price:.2f}"
    return None
