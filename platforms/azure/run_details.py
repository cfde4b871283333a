"""Run history's view of a job: when it ran, its error, and the signed addresses of its logs."""

from __future__ import annotations

from typing import Any

import httpx

from lifecycle.names import Stage
from platforms.azure.clients import AzureClients
from platforms.ports import NotFound, Unavailable


def run_details(clients: AzureClients, http: httpx.Client, stage: Stage, job: str) -> dict[str, Any]:
    """What it says. NotFound where there is no such job."""
    host = f"https://{clients.region_of(stage)}.api.azureml.ms"
    url = f"{host}/history/v1.0{clients.workspace_id(stage)}/runs/{job}/details"
    try:
        answer = http.get(url, auth=clients.auth(stage))
    except httpx.TransportError as error:
        raise Unavailable(f"The details of job {job} cannot be read: {type(error).__name__}.") from None
    if answer.status_code == 404:
        raise NotFound(f"There is no job {job}.")
    if not answer.is_success:
        raise Unavailable(f"The details of job {job} cannot be read: HTTP {answer.status_code}.")
    details: dict[str, Any] = answer.json()
    return details


def error_of(details: dict[str, Any]) -> str:
    """Why the job failed, in the service's words; empty where it says nothing."""
    return str(((details.get("error") or {}).get("error") or {}).get("message", ""))
