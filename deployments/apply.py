"""`perennial deploy`: deployments, schedules, limits and notifications brought in line with what the files say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deployments.environment import ROOT, inherited, process_environment
from lifecycle.names import RETRAIN
from platforms.settings import Settings
from platforms.workloads import all_workloads

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

    from lifecycle.workload import Workload

SCHEDULED = {
    "monitor/prod": lambda workload: None if workload.monitor.patrol else workload.monitor.every,
    RETRAIN: lambda workload: workload.retrain.every,
    "reconcile/prod": lambda workload: timedelta(days=1) if workload.release.keep_previous is not None else None,
}
SCHEDULED_PARAMETERS = {RETRAIN: {"reason": "its schedule", "key": "schedule"}}
PATROL = "patrol"
# Windows of patrolled workloads end at whole multiples of their `every`; a minute later, the logs are written.
PATROL_ANCHOR = "2020-01-01T00:01:00Z"
LIMITS = ("retrain", "release", "score")


class DeployFailed(RuntimeError):
    """Prefect did not take what prefect.yaml says; the message holds what it said."""


def deploy(settings: Settings) -> list[str]:
    """Do it, by name, as often as one likes; what was done or is wrong, a line each."""
    environment = process_environment(settings, settings.addresses)
    os.environ.update(environment)
    from prefect.settings import PREFECT_API_URL, temporary_settings

    # Prefect read the environment when it was first imported, maybe before there was this server.
    with temporary_settings({PREFECT_API_URL: environment["PREFECT_API_URL"]}):
        return _apply(settings, environment)


def _apply(settings: Settings, environment: dict[str, str]) -> list[str]:
    from prefect.client.orchestration import get_client

    from deployments.automations import apply_automations
    from deployments.notifications import apply_notifications

    _pools(settings)
    _prefect(environment, "--no-prompt", "deploy", "--all")
    valid, broken = all_workloads(settings.workloads)
    workloads = [found.workload for found in valid]
    with get_client(sync_client=True) as client:
        told = _limits(client, workloads)
        for name in SCHEDULED:
            told += _schedules(client, name, workloads)
        told += _patrol_schedule(client, workloads)
    told += apply_automations()
    told += apply_notifications(settings)
    return told + [f"left out: {error}" for error in broken]


def _pools(settings: Settings) -> None:
    """The work pools of the stages, where they are not there; what an operator made or set on one stays."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    with get_client(sync_client=True) as client:
        for name in settings.pools:
            with suppress(ObjectAlreadyExists):
                client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))


def _prefect(environment: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words],
        cwd=ROOT,
        env={**inherited(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DeployFailed(f"prefect {' '.join(words)}: {(done.stdout + done.stderr)[-3000:]}")


def _limits(client: SyncPrefectClient, workloads: list[Workload]) -> list[str]:
    """Of a workload one retraining at a time, one release, promotion or rollback, one start of a batch scoring."""
    told = []
    for workload in workloads:
        for what in LIMITS:
            name = f"{what}-{workload.name}"
            client.upsert_global_concurrency_limit_by_name(name, 1)
            told.append(f"limit {name}: 1 at a time")
    return told


def _schedules(client: SyncPrefectClient, name: str, workloads: list[Workload]) -> list[str]:
    """The workloads' schedules on one deployment, by slug; one that an operator paused stays paused."""
    deployment = client.read_deployment_by_name(name)
    wanted = {workload.name: every for workload in workloads if (every := SCHEDULED[name](workload)) is not None}
    told = _remove(client, deployment, set(wanted))
    there = {schedule.slug: schedule for schedule in deployment.schedules}
    for workload, every in wanted.items():
        told.append(_upsert(client, deployment, there.get(workload), workload, every, name))
    return told


def _patrol_schedule(client: SyncPrefectClient, workloads: list[Workload]) -> list[str]:
    """One for all patrolled workloads, as often as the most eager of them; none where nobody is patrolled."""
    name = "patrol/prod"
    deployment = client.read_deployment_by_name(name)
    every = [one.monitor.every for one in workloads if one.monitor.patrol and one.monitor.every is not None]
    if not every:
        return _remove(client, deployment, set())
    there = {schedule.slug: schedule for schedule in deployment.schedules}
    body = {**_body(min(every), PATROL), "parameters": {}}
    body["schedule"]["anchor_date"] = PATROL_ANCHOR
    return [_put(client, deployment, there.get(PATROL), body, f"schedule {PATROL} on {name}: every {min(every)}")]


def _remove(client: SyncPrefectClient, deployment: DeploymentResponse, wanted: set[str]) -> list[str]:
    gone = [schedule for schedule in deployment.schedules if schedule.slug and schedule.slug not in wanted]
    for schedule in gone:
        client._client.delete(f"/deployments/{deployment.id}/schedules/{schedule.id}").raise_for_status()
    return [f"schedule {schedule.slug} on {deployment.name}: removed" for schedule in gone]


def _upsert(
    client: SyncPrefectClient, deployment: DeploymentResponse, there: object, workload: str, every: timedelta, name: str
) -> str:
    body = {**_body(every, workload), "parameters": {"workload": workload, **SCHEDULED_PARAMETERS.get(name, {})}}
    return _put(client, deployment, there, body, f"schedule {workload} on {name}: every {every}")


def _body(every: timedelta, slug: str) -> dict[str, Any]:
    return {"schedule": {"interval": every.total_seconds(), "timezone": "UTC"}, "slug": slug}


def _put(
    client: SyncPrefectClient, deployment: DeploymentResponse, there: object, body: Mapping[str, Any], told: str
) -> str:
    path = f"/deployments/{deployment.id}/schedules"
    if there is None:
        client._client.post(path, json=[{**body, "active": True}]).raise_for_status()
        return f"{told}, made"
    client._client.patch(f"{path}/{there.id}", json=body).raise_for_status()  # type: ignore[attr-defined]
    return told
