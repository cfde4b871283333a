"""A simulated year of a model with drift and late labels: the service's policy beside others, and beside an oracle.

`python -m benchmarks simulated_year` prints the figures; the table by month goes to standard error, and with the
picture of the first seed below `.perennial/benchmarks/`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.figures import Figure
from benchmarks.service import ROOT
from benchmarks.simulated_year.picture import years_picture
from benchmarks.simulated_year.runs import ORACLE, OURS, all_years, best_oracle
from benchmarks.simulated_year.tables import by_month, by_policy
from benchmarks.simulated_year.world import simulated_world

SEEDS = (0, 1, 2)
BELOW_ORACLE = 0.01  # of its accuracy
TIMES_RETRAININGS = 2.0
FOLDER = ROOT / ".perennial" / "benchmarks"


def measure() -> Iterator[Figure]:
    """Accuracy and retrainings beside the oracle's, the mean and the worst of the seeds."""
    years = {seed: best_oracle(found) for seed, found in all_years(SEEDS).items()}
    text = f"{by_policy(years)}\n\n{by_month(years)}\n"
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "simulated_year.txt").write_text(text)
    first, events = years[SEEDS[0]], simulated_world(SEEDS[0]).events
    shown = [year for name, year in first.items() if name != ORACLE]
    title = f"A simulated year, seed {SEEDS[0]}: accuracy by the week (grey: the oracle)"
    (FOLDER / "simulated_year.svg").write_text(years_picture(shown, first[ORACLE], events, title))
    print(text, file=sys.stderr)
    below = [1 - found[OURS].accuracy / found[ORACLE].accuracy for found in years.values()]
    yield Figure(
        f"simulated year, accuracy below the oracle's, {len(SEEDS)} seeds",
        f"mean {np.mean(below):.2%}, worst {max(below):.2%}",
        f"{BELOW_ORACLE:.0%}",
        max(below) <= BELOW_ORACLE,
    )
    times = [len(found[OURS].retrainings) / len(found[ORACLE].retrainings) for found in years.values()]
    yield Figure(
        "the same, retrainings over the oracle's",
        f"mean {np.mean(times):.2f}, worst {max(times):.2f}",
        f"{TIMES_RETRAININGS:g}",
        max(times) <= TIMES_RETRAININGS,
    )
