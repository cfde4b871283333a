"""What a patrol's page in the Prefect UI tells: how far it is, what came of each workload, and what needs somebody."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.events import emit_event

from lifecycle.names import digest, event_id
from tasks.patrolling import Outcome, Result

FAILED = "perennial.monitoring.failed"
# Who needs it most comes first.
ATTENTION: tuple[Result, ...] = ("broken", "handed over", "inconclusive", "no champion", "steady", "not due")
MOST_TOLD = 1000  # rows of the table
_EVERY_SECONDS = 2.0


def with_progress(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """The same outcomes, while a bar on the run's page shows how many there are of how many."""
    bar: Any = create_progress_artifact(0.0, key="patrol-progress", description=f"Of {total} workloads")
    told_at = time.monotonic()
    for done, outcome in enumerate(outcomes, start=1):
        yield outcome
        if time.monotonic() - told_at >= _EVERY_SECONDS:
            update_progress_artifact(bar, 100.0 * done / total)
            told_at = time.monotonic()
    update_progress_artifact(bar, 100.0)


def tell_outcomes(outcomes: Sequence[Outcome], runs: Mapping[str, str], due: datetime) -> str:
    """The table, a summary above it, which is returned. runs: the run of `monitor` by workload."""
    counts = Counter(outcome.result for outcome in outcomes)
    told = ", ".join(f"{counts[result]} {result}" for result in ATTENTION if counts[result]) or "nobody to look at"
    summary = f"{len(outcomes)} workloads, due at {due:%Y-%m-%d %H:%M} UTC: {told}."
    create_markdown_artifact(f"### {summary}", key="patrol-summary", description="What the patrol found out")
    ordered = sorted(outcomes, key=lambda one: (ATTENTION.index(one.result), one.workload))
    rows = [_row(outcome, runs.get(outcome.workload)) for outcome in ordered[:MOST_TOLD]]
    create_table_artifact(rows, key="patrol-outcomes", description=f"{summary} Those that need somebody come first.")
    return summary


def tell_broken(outcome: Outcome, due: datetime) -> UUID:
    """An event about the workload: nobody watches it. The same trouble is told once a day, however often it is met."""
    key = f"{due:%Y-%m-%d}-{digest(outcome.detail.encode())}"
    identity = event_id(outcome.workload, FAILED, key)
    emit_event(
        event=FAILED,
        resource={
            "prefect.resource.id": f"perennial.workload.{outcome.workload}",
            "prefect.resource.name": outcome.workload,
            "perennial.workload": outcome.workload,
        },
        payload={"workload": outcome.workload, "key": key, "message": outcome.detail},
        id=identity,
    )
    return identity


def _row(outcome: Outcome, run: str | None) -> dict[str, Any]:
    return {
        "workload": outcome.workload,
        "outcome": outcome.result,
        "rows": outcome.rows,
        "labelled": outcome.labelled,
        "why": outcome.detail,
        "monitor's run": f"[{run[:8]}](/runs/flow-run/{run})" if run else "",
    }
