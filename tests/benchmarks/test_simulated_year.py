"""The first months of the simulated year, one seed: the policy answers the sudden change about as the oracle does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import sklearn.ensemble  # noqa: F401  before threads are limited: limits hold for what is loaded
from threadpoolctl import threadpool_limits

from benchmarks.simulated_year.runs import ORACLE, OURS, best_oracle, one_year
from benchmarks.simulated_year.tables import by_month, by_policy
from benchmarks.simulated_year.world import FEATURES, World, simulated_world
from benchmarks.simulated_year.year import Year

DAYS, SEED = 66, 0
SHOWN = (OURS, "never", f"{ORACLE} (1000 rows)")


@pytest.fixture(scope="module")
def world() -> World:
    return simulated_world(SEED, DAYS)


@pytest.fixture(scope="module")
def years() -> Iterator[dict[str, Year]]:
    with threadpool_limits(1):
        yield best_oracle({name: one_year(name, SEED, DAYS) for name in SHOWN})


def test_labels_come_a_week_late_and_not_for_all(world: World) -> None:
    known = np.isfinite(world.labelled_at)
    assert 0.45 < known.mean() < 0.55
    assert (world.labelled_at[known] - world.made_at[known]).min() >= 7
    assert len(world.arrived(30.0)) > 0
    assert world.made_at[world.arrived(30.0)].max() <= 23


def test_the_same_seed_is_the_same_world_however_long(world: World) -> None:
    shorter = simulated_world(SEED, 10)
    rows = len(shorter.label)
    assert (world.label[:rows] == shorter.label).all()
    assert world.features[:rows].equals(shorter.features)
    assert list(world.features) == list(FEATURES)


def test_the_change_is_answered_within_days_of_the_oracle(world: World, years: dict[str, Year]) -> None:
    change = world.changes[0].day
    ours, oracle = years[OURS], years[ORACLE]
    promoted = [one for one in ours.retrainings if one.promoted]
    assert promoted[0].day - oracle.retrainings[0].day <= 3
    assert min(one.day for one in ours.retrainings) >= change + 7, "before its labels come, nobody can know"
    assert promoted[0].rows < 4000, "it learns from what came since the change, not from all there is"


def test_it_costs_little_accuracy_and_few_retrainings(years: dict[str, Year]) -> None:
    ours, oracle, never = years[OURS], years[ORACLE], years["never"]
    assert ours.accuracy > 0.99 * oracle.accuracy
    assert ours.accuracy > never.accuracy + 0.015
    assert len(ours.retrainings) <= 3


def test_the_tables_tell_every_policy(years: dict[str, Year]) -> None:
    for table in (by_policy({SEED: years}), by_month({SEED: years})):
        assert all(f"| {name} |" in table for name in years)
    assert len(by_month({SEED: years}).splitlines()[0].split("|")) == 2 + 1 + 3
