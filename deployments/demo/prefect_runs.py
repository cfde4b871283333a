"""What the demo asks of the Prefect API: start a deployment, wait for runs, look at events."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from deployments.demo.waiting import DemoFailed, wait_for


class Runs:
    """The flow runs of the stack that the demo started."""

    def __init__(self, api: str, workload: str) -> None:
        self._api = api
        self._workload = workload
        self._client: SyncPrefectClient = get_client(sync_client=True)

    def run(self, deployment: str, **parameters: Any) -> FlowRun:
        """Start the deployment, as anybody would, and wait until it has completed."""
        found = self._client.read_deployment_by_name(deployment)
        run = self._client.create_flow_run_from_deployment(
            found.id, parameters={"workload": self._workload, **parameters}
        )
        return self.completed(run.id, deployment)

    def completed(self, run_id: UUID, what: str, seconds: float = 300) -> FlowRun:
        """Wait for the end of the run. DemoFailed, with its message, where it did not complete."""

        def look() -> FlowRun | None:
            run = self._client.read_flow_run(run_id)
            return run if run.state is not None and run.state.is_final() else None

        run = wait_for(f"The end of {what}", look, seconds)
        if run.state is None or not run.state.is_completed():
            state = run.state
            raise DemoFailed(f"{what} ended as {state.name if state else '?'}: {state.message if state else ''}")
        return run

    def next_of(self, deployment: str, after: datetime, seconds: float = 120) -> FlowRun:
        """The first run of the deployment that was created since then, whoever created it."""
        found = self._client.read_deployment_by_name(deployment)

        def look() -> FlowRun | None:
            runs = self._client.read_flow_runs(
                deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[found.id])),
                sort=FlowRunSort.START_TIME_ASC,
            )
            newer = [run for run in runs if run.created is not None and run.created >= after]
            return newer[0] if newer else None

        return wait_for(f"A run of {deployment}", look, seconds)

    def event(self, name: str, after: datetime, seconds: float = 30) -> dict[str, Any]:
        """The event of that name about the workload."""
        body = {
            "filter": {
                "event": {"name": [name]},
                "resource": {"id": [f"perennial.workload.{self._workload}"]},
                "occurred": {"since": after.isoformat()},
            },
            "limit": 1,
        }

        def look() -> dict[str, Any] | None:
            response = httpx.post(f"{self._api}/events/filter", json=body, timeout=30)
            events = response.json().get("events", []) if response.status_code == 200 else []
            return events[0] if events else None

        return wait_for(f"The event {name}", look, seconds)
