"""From a decision's event to `retrain` Running: the real trigger, the real deployment, the real worker.

Each event is about a workload of its own that does not exist, since a storm about one starts one run:
it is Running, and then fails at once, which leaves the machine free for the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.figures import Figure, percentile
from benchmarks.service import running_service

EVENTS = 20
LIMIT_SECONDS = 60.0


def measure() -> Iterator[Figure]:
    """Median and 90th percentile over the events, sent one after another."""
    with running_service() as settings:
        api = f"{settings.address('prefect')}/api"
        with httpx.Client(base_url=api, timeout=30) as client:
            times = [_one(client, f"bench-{number}") for number in range(EVENTS)]
    for share, goal in ((0.5, 3.0), (0.9, 5.0)):
        found = percentile(times, share)
        yield Figure(f"event to Running, p{share * 100:.0f} of {EVENTS}", f"{found:.1f} s", f"{goal} s", found <= goal)


def _one(client: httpx.Client, workload: str) -> float:
    occurred = datetime.now(UTC)
    resource = {"prefect.resource.id": f"perennial.workload.{workload}"}
    event = {
        "id": str(uuid4()),
        "occurred": occurred.isoformat(),
        "event": "perennial.retraining.requested",
        "resource": resource,
        "payload": {"workload": workload, "reason": "a benchmark", "key": workload},
    }
    client.post("/events", json=[event]).raise_for_status()
    run = _run_of(client, workload)
    return datetime.fromisoformat(run["start_time"]).timestamp() - occurred.timestamp()


def _run_of(client: httpx.Client, workload: str) -> dict[str, Any]:
    """The workload's run, once it has started and ended."""
    deadline = time.monotonic() + LIMIT_SECONDS
    body = {"flows": {"name": {"any_": ["retrain"]}}, "sort": "START_TIME_DESC", "limit": 50}
    while time.monotonic() < deadline:
        for run in client.post("/flow_runs/filter", json=body).json():
            if run["parameters"].get("workload") == workload and run["end_time"]:
                found: dict[str, Any] = run
                return found
        time.sleep(0.2)
    raise TimeoutError(f"No run for {workload} within {LIMIT_SECONDS:.0f} s.")
