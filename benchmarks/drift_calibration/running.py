"""Which scenes are shown to whom, how often, on all cores; and the counts of all that."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks.drift_calibration.cases import Case
from benchmarks.drift_calibration.concept import concept
from benchmarks.drift_calibration.detectors import (
    DATASET,
    evidently,
    kolmogorov_smirnov,
    perennial,
    perennial_performance,
)
from benchmarks.drift_calibration.nannyml_defaults import nannyml
from benchmarks.drift_calibration.scenes import (
    alike,
    days_of_weeks,
    forms,
    independent,
    quiet,
    shifts,
    weeks_of_years,
    whole_weeks,
    whole_years,
)
from benchmarks.drift_calibration.tally import Tally, counted
from benchmarks.drift_calibration.watching import AT_ONCE, CONFIRMED, alarmed
from monitoring.domain import SUBJECT

WHOLE = frozenset({DATASET, SUBJECT})
MODES = {"a window over its threshold": AT_ONCE, "an alarm": CONFIRMED}


@dataclass(frozen=True)
class Scene:
    """Cases of one kind. weight: repetitions for each that are asked for, since large windows take long."""

    title: str
    build: Callable[[int, int], Case]
    weight: float = 1.0
    labelled: bool = False


@dataclass(frozen=True)
class Effort:
    """How often. references: drawn for each scene. repetitions: episodes of a row for each reference, and eight times
    as many windows without drift. slow: repetitions for Evidently and the tests, 0: without Evidently; slow_windows:
    of windows without drift. nannyml: it is installed."""

    references: int = 10
    repetitions: int = 5
    slow: int = 2
    slow_windows: int = 10
    nannyml: bool = True


LARGE, QUARTER = (0.25, 0.5, 1.0), (0.25, 0.5)
SOME, ONE = ("one column", "three columns"), ("one column",)
SCENES = {
    "independent": Scene("No drift, independent rows", quiet(independent(), "1,000 independent rows")),
    "weekly": Scene("No drift, weekly season", quiet(days_of_weeks, "weekly season, windows of a day")),
    "yearly": Scene("No drift, yearly season", quiet(weeks_of_years, "yearly season, windows of a week")),
    "alike": Scene("No drift, autocorrelated rows", quiet(alike, "autocorrelated, 1,000 effective rows")),
    "whole_weeks": Scene("No drift, whole weeks", quiet(whole_weeks, "weekly season, windows of a week"), 0.2),
    "whole_years": Scene("No drift, whole years", quiet(whole_years, "yearly season, windows of a year"), 0.2),
    "few": Scene("No drift, fewer rows", quiet(independent(300), "300 independent rows")),
    "shifts": Scene("Shifts, independent rows, windows of 1,000", shifts(independent())),
    "shifts_alike": Scene("Shifts, autocorrelated, windows of 1,000 effective rows", shifts(alike, QUARTER), 0.6),
    "shifts_weeks": Scene("Shifts, weekly season, windows of a week", shifts(whole_weeks, QUARTER), 0.4),
    "shifts_years": Scene("Shifts, yearly season, windows of a year", shifts(whole_years, QUARTER), 0.4),
    "shifts_500": Scene("Shifts, windows of 500", shifts(independent(500), LARGE, SOME), 0.6),
    "shifts_300": Scene("Shifts, windows of 300", shifts(independent(300), LARGE, SOME), 0.6),
    "shifts_200": Scene("Shifts, windows of 200", shifts(independent(200), LARGE, SOME), 0.2),
    "shifts_days": Scene("Shifts, weekly season, windows of a day", shifts(days_of_weeks, LARGE, ONE), 0.4),
    "shifts_year_weeks": Scene("Shifts, yearly season, windows of a week", shifts(weeks_of_years, LARGE, ONE), 0.4),
    "forms": Scene("Other drifts, windows of 1,000", forms, 0.6),
    "concept": Scene("Concept drift, 1,000 labels a window", concept(1000), labelled=True),
    "concept_300": Scene("Concept drift, 300 labels a window", concept(300, more=False), 0.6, labelled=True),
}
Counts = dict[tuple[str, str, str, str], Tally]  # by scene, row, detector, mode


def count(scenes: Sequence[str], effort: Effort, processes: int | None = None) -> Iterator[Counts]:
    """Show the scenes to all, and tell each as soon as it is done, in the order they were asked for."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes are as many as cores
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=context, initializer=_calm) as pool:
        jobs = {
            name: [pool.submit(count_one, name, seed, effort) for seed in range(effort.references)] for name in scenes
        }
        for of_scene in jobs.values():
            total: Counts = defaultdict(Tally)
            for job in of_scene:
                for key, tally in job.result().items():
                    total[key].add(tally)
            yield dict(total)


def count_one(name: str, seed: int, effort: Effort) -> Counts:
    """One reference of a scene, shown to all. The seed draws the same whoever looks."""
    scene = SCENES[name]
    case = scene.build(seed, max(1, round(scene.weight * effort.repetitions)))
    brief = case.shortened(max(1, effort.slow), effort.slow_windows)
    shown = [(perennial_performance if scene.labelled else perennial, case), (kolmogorov_smirnov, brief)]
    shown += [(nannyml, case)] * effort.nannyml + [(evidently, brief)] * bool(effort.slow)
    found: Counts = defaultdict(Tally)
    for detector, what in shown:
        for who, episodes in detector(what).items():
            for mode, policy in MODES.items():
                for episode, windows in zip(what.episodes, episodes, strict=True):
                    tally = counted(episode, alarmed(windows, policy), WHOLE)
                    found[name, episode.row, who, mode].add(tally)
    return dict(found)


def _calm() -> None:
    warnings.simplefilter("ignore")  # NaN in others' arithmetic
