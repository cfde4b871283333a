"""A patrol's round: whom it looks at, what comes of each, and the runs of `monitor` that it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from prefect import runtime

from lifecycle.names import CHAMPION
from platforms.choose import choose_platform
from platforms.settings import Settings
from platforms.workloads import InvalidWorkload, WorkloadFolder, all_workloads
from tasks.clock import now
from tasks.patrol_worker import Order
from tasks.patrolling import Outcome
from tasks.starting import start_once
from tasks.workers import NoAnswer, answers

LONGEST_LOOK_SECONDS = 300.0
# A process has one window in hand: libraries with a thread a core would only have them wait for each other.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Round:
    """Whom a patrol looks at, and when it was due."""

    due: datetime
    workloads: tuple[WorkloadFolder, ...]
    broken: tuple[Outcome, ...]  # those whose file cannot even be read


def begin(settings: Settings, names: Sequence[str] | None) -> Round:
    """All workloads whose file says `monitor: {patrol: true}`, or those of these names; a file that cannot be read
    could say so. LookupError for a name that is none."""
    valid, invalid = all_workloads(settings.workloads)
    broken = {error.path.parent.name: _unreadable(error) for error in invalid}
    scheduled: datetime | None = runtime.flow_run.scheduled_start_time
    due = min(scheduled or now(), now())
    if names is None:
        return Round(due, tuple(one for one in valid if one.workload.monitor.patrol), tuple(broken.values()))
    unknown = set(names) - {one.workload.name for one in valid} - set(broken)
    if unknown:
        raise LookupError(f"There is no workload {', '.join(sorted(unknown))} in {settings.workloads}.")
    wanted = tuple(one for one in valid if one.workload.name in names)
    return Round(due, wanted, tuple(broken[name] for name in names if name in broken))


def look(settings: Settings, patrolled: Round, processes: int | None) -> Iterator[Outcome]:
    """An outcome a workload, as they come, from so many processes; none given: one a core."""
    if not patrolled.workloads:
        return
    champions = choose_platform(settings).models.bearers(CHAMPION)
    names = [one.workload.name for one in patrolled.workloads]
    orders = [
        Order(workload=name, folder=one.folder, champion=champions.get(name), due=patrolled.due).model_dump_json()
        for name, one in zip(names, patrolled.workloads, strict=True)
    ]
    command = [sys.executable, "-m", "tasks.patrol_worker"]
    environment = {**os.environ, **_ONE_THREAD}
    for place, answer in answers(command, environment, orders, processes or _cores(), LONGEST_LOOK_SECONDS):
        if isinstance(answer, NoAnswer):
            yield Outcome(workload=names[place], result="broken", detail=str(answer))
        else:
            yield Outcome.model_validate_json(answer)


def hand_over(outcome: Outcome) -> tuple[Outcome, str | None]:
    """Start `monitor` on the very same window, once, however often this is asked; the outcome, and the run's id."""
    parameters = {"workload": outcome.workload, "until": outcome.until.isoformat() if outcome.until else None}
    try:
        return outcome, start_once("monitor/prod", parameters, f"monitor-{outcome.workload}-{outcome.key}")
    except Exception as error:  # one that cannot be started costs no other its run
        told = f"monitor could not be started: {type(error).__name__}: {error}; {outcome.detail}"
        return outcome.model_copy(update={"result": "broken", "detail": told}), None


def _unreadable(error: InvalidWorkload) -> Outcome:
    return Outcome(workload=error.path.parent.name, result="broken", detail=f"{error}")


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
