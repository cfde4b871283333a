"""patrol: the windows of many workloads looked at in one run; `monitor` gets those in which there is something."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.parameters import WorkloadName
from platforms.settings import load_settings
from tasks.patrol_round import begin, hand_over, look
from tasks.patrol_story import tell_broken, tell_outcomes, with_progress


class NobodyLookedAt(Exception):
    """Every single workload failed: it is not the workloads that are broken."""


@flow(name="patrol", flow_run_name="patrol", description="Look at the windows of many workloads in one run.")
def patrol(
    workloads: list[WorkloadName] | None = None,
    processes: Annotated[int | None, Field(ge=1, le=256)] = None,
) -> str:
    """How many were steady, handed over, broken. Run again, or killed and run again, it judges no window twice.

    A workload that is broken is told in the table and by an event, and hurts no other; the run fails only where not
    one could be looked at.

    Args:
        workloads: The models' names. Empty: all whose workload.yaml says `monitor: {patrol: true}`.
        processes: How many windows are looked at side by side. Empty: one a core.
    """
    settings = load_settings()
    patrolled = begin(settings, workloads)
    outcomes, runs = list(patrolled.broken), {}
    for outcome in with_progress(look(settings, patrolled, processes), len(patrolled.workloads)):
        if outcome.result == "handed over":
            outcome, run = hand_over(outcome)
            if run is not None:
                runs[outcome.workload] = run
        outcomes.append(outcome)
    broken = [outcome for outcome in outcomes if outcome.result == "broken"]
    for outcome in broken:
        tell_broken(outcome, patrolled.due)
    summary = tell_outcomes(outcomes, runs, patrolled.due)
    if broken and len(broken) == len(outcomes):
        raise NobodyLookedAt(f"{summary} {broken[0].workload}: {broken[0].detail}")
    return summary
