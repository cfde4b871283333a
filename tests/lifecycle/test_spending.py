"""What retraining may cost."""

from __future__ import annotations

import pytest

from lifecycle.spending import JobUsage, unaffordable
from lifecycle.workload import Budget
from tests.lifecycle.seen import at

NOW = at(24 * 40)


def job(hours: float, days_ago: float, machines: int = 1) -> JobUsage:
    return JobUsage(job=f"j{days_ago}", ended_at=at(24 * (40 - days_ago)), seconds=hours * 3600, machines=machines)


@pytest.mark.parametrize(
    ("budget", "week", "jobs", "why"),
    [
        (Budget(), 2, [], None),
        (Budget(), 3, [], "3 of 3 retrainings this week"),
        (Budget(retrainings_per_week=0), 0, [], "0 of 0 retrainings"),
        (Budget(compute_hours_per_month=10), 0, [job(4, 1), job(4, 2)], "8.00 of 10 compute hours"),
        (Budget(compute_hours_per_month=10), 0, [job(1, 1, machines=9)], "9.00 of 10 compute hours"),
        (Budget(compute_hours_per_month=12), 0, [job(4, 1), job(4, 2)], None),
        (Budget(compute_hours_per_month=10), 0, [job(4, 1), job(4, 31)], None),  # a month ago
        (Budget(cost_per_month=45, price_per_hour=2.5), 0, [job(4, 1)] * 4, "40.00 of 45 in 30 days is spent, and a"),
        (Budget(cost_per_month=50, price_per_hour=2.5), 0, [job(4, 1)] * 4, None),
    ],
)
def test_a_budget(budget: Budget, week: int, jobs: list[JobUsage], why: str | None) -> None:
    found = unaffordable(budget, week, jobs, NOW)
    if why:
        assert why in str(found)
    else:
        assert found is None


def test_a_limit_that_is_reached_to_the_hour_is_spent() -> None:
    assert unaffordable(Budget(cost_per_month=10, price_per_hour=1), 0, [job(10, 1)], NOW) is not None
