"""All policies over all seeds, each year in one of two processes that compute on one thread each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.simulated_year.baselines import Monthly, Never, newest_before
from benchmarks.simulated_year.evidently_policy import OnEvidently
from benchmarks.simulated_year.learning import train
from benchmarks.simulated_year.oracle import ENOUGH, Oracle
from benchmarks.simulated_year.ours import Ours
from benchmarks.simulated_year.world import DAYS, simulated_world
from benchmarks.simulated_year.year import Policy, Year, live_through

OURS, ORACLE = "perennial", "oracle"
AT_ONCE = 2
# The longest first.
POLICIES: dict[str, Callable[[], Policy]] = {
    OURS: Ours,
    "perennial, on all rows": lambda: Ours(since_onset=False),
    "evidently, any column": lambda: OnEvidently(any_column=True),
    "evidently, its preset": lambda: OnEvidently(any_column=False),
    "monthly": Monthly,
    "never": Never,
    **{f"{ORACLE} ({enough} rows)": lambda enough=enough: Oracle(enough) for enough in ENOUGH},  # type: ignore[misc]
}


def all_years(seeds: Sequence[int], days: int = DAYS) -> dict[int, dict[str, Year]]:
    """By seed and policy."""
    asked = [(name, seed) for name in POLICIES for seed in seeds]
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        futures = [(name, seed, pool.submit(one_year, name, seed, days)) for name, seed in asked]
        found: dict[int, dict[str, Year]] = {seed: {} for seed in seeds}
        for name, seed, future in futures:
            found[seed][name] = future.result()
    return found


def one_year(name: str, seed: int, days: int = DAYS) -> Year:
    """The policy's year in the seed's world; every policy begins with the same model."""
    world = simulated_world(seed, days)
    return live_through(world, POLICIES[name](), train(world, newest_before(world, 0.0), 1))


def best_oracle(years: dict[str, Year]) -> dict[str, Year]:
    """The same with one oracle: that which waits for as many rows as serves it best in this year."""
    oracles = [year for name, year in years.items() if name.startswith(ORACLE)]
    others = {name: year for name, year in years.items() if not name.startswith(ORACLE)}
    return {**others, ORACLE: max(oracles, key=lambda year: year.accuracy)}


def _one_thread() -> None:
    """Threads of two processes would wait for each other. The libraries are loaded first: limits hold for what is."""
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
