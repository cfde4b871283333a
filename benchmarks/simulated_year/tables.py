"""The years as text: a line a policy, and accuracy by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.simulated_year.learning import WORKLOAD
from benchmarks.simulated_year.year import Year

MONTH = 30.4375
# What a training job costs is mostly the machine that is got, set up and given back; the fit takes a second here.
JOB_HOURS = 10 / 60

Years = Mapping[int, Mapping[str, Year]]


def by_policy(years: Years) -> str:
    """Means over the seeds, and of what is below the oracle the worst."""
    lines = ["| policy | accuracy | below the oracle (worst) | retrainings | promoted | cost | fitting |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name in _names(years):
        found = [of[name] for of in years.values()]
        below = [1 - of[name].accuracy / of["oracle"].accuracy for of in years.values()]
        cells = (
            name,
            f"{_mean([year.accuracy for year in found]):.4f}",
            f"{_mean(below):.2%} ({max(below):.2%})",
            f"{_mean([len(year.retrainings) for year in found]):.1f}",
            f"{_mean([year.promoted for year in found]):.1f}",
            f"{_mean([cost(year) for year in found]):.2f}",
            f"{_mean([fitting(year) for year in found]):.1f} s",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def by_month(years: Years) -> str:
    """Accuracy, the mean over the seeds: a line a policy, a column a month of the days there are."""
    days = len(next(iter(next(iter(years.values())).values())).right)
    ends = [min(round(MONTH * month), days) for month in range(1, int(np.ceil(days / MONTH)) + 1)]
    starts = [0, *ends[:-1]]
    lines = [f"| policy | {' | '.join(str(month + 1) for month in range(len(ends)))} |", "|---" * (len(ends) + 1) + "|"]
    for name in _names(years):
        values = [
            _mean([float(np.average(of[name].right[a:b], weights=of[name].rows[a:b])) for of in years.values()])
            for a, b in zip(starts, ends, strict=True)
        ]
        lines.append(f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |")
    return "\n".join(lines)


def cost(year: Year) -> float:
    """Of all its trainings, in the workload's currency."""
    hours = len(year.retrainings) * JOB_HOURS + fitting(year) / 3600
    return hours * (WORKLOAD.budget.price_per_hour or 0.0)


def fitting(year: Year) -> float:
    """Seconds that its models took to fit."""
    return sum(one.seconds for one in year.retrainings)


def _names(years: Years) -> list[str]:
    """The policies, the best first."""
    first = next(iter(years.values()))
    return sorted(first, key=lambda name: -_mean([of[name].accuracy for of in years.values()]))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
