"""`perennial release`, by whom it is known, and forced where somebody answers for it; `perennial promote`."""

from __future__ import annotations

from typing import Any

from deployments.prefect_client import prefect_of
from deployments.token_sources import TokenSource
from lifecycle.names import PROMOTE, RELEASE
from platforms.settings import Settings
from platforms.workloads import find_workload


def start_release(
    settings: Settings,
    workload: str,
    model_version: int,
    by: str | None,
    reason: str | None,
    token: TokenSource,
    deployment: str = RELEASE,
) -> str:
    """Where to look at the run, in a sentence. by, reason: where it is forced.

    A token proves who asks: it is put where the run finds it before the run may start, and deletes it.
    """
    from prefect.states import Scheduled

    name = find_workload(settings.workloads, workload).workload.name
    shown = token.read(settings.approval.audiences, name, model_version, "request")
    parameters: dict[str, Any] = {"workload": name, "model_version": model_version}
    if by is not None or reason is not None:
        parameters |= {"forced_by": by, "force_reason": reason}
    with prefect_of(settings) as client:
        found = client.read_deployment_by_name(deployment)
        run = client.create_flow_run_from_deployment(found.id, parameters=parameters, state=_held(shown))
        if shown:
            client.create_flow_run_input(run.id, "requester", f'"{shown}"')
            client.set_flow_run_state(run.id, Scheduled(), force=True)
    return (
        f"The release of version {model_version} of {name} is the flow run {run.id}: perennial status tells the rest."
    )


def start_promotion(settings: Settings, workload: str, model_version: int) -> str:
    """Where to look at the run, in a sentence. It promotes what a release approved over the champion of now."""
    name = find_workload(settings.workloads, workload).workload.name
    with prefect_of(settings) as client:
        found = client.read_deployment_by_name(PROMOTE)
        parameters = {"workload": name, "model_version": model_version}
        run = client.create_flow_run_from_deployment(found.id, parameters=parameters)
    return f"The promotion of version {model_version} of {name} is the flow run {run.id}."


def _held(token: str | None) -> Any:
    from prefect.states import Paused, Scheduled

    return Paused() if token else Scheduled()
