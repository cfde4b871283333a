"""The end of what was made for a while. The ports offer none: a service that serves deletes no endpoint of its own."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from lifecycle.names import stage_of
from platforms.azure.clients import AzureClients
from platforms.azure.errors import told
from platforms.ports import PlatformError


def delete_endpoint(clients: AzureClients, name: str) -> None:
    """With all its slots; blocks until it is gone. NotFound where there is none."""
    client = clients.workspace(stage_of(name))
    with told("get", f"endpoint {name}"):
        client.online_endpoints.get(name)
    with told("delete", f"endpoint {name}"):
        client.online_endpoints.begin_delete(name).result()


def end_job(clients: AzureClients, name: str) -> None:
    """Cancelled if it still runs, and archived: jobs cannot be deleted."""
    client = clients.workspace("development")
    with suppress(PlatformError), told("cancel", f"job {name}"):
        client.jobs.begin_cancel(name).result()
    with told("archive", f"job {name}"):
        client.jobs.archive(name)


def archive_asset(clients: AzureClients, kind: Literal["models", "data"], name: str) -> None:
    """All versions, in the development workspace; a registry's own stay: its owner may delete those.

    By the name, not version by version: that would send each back as it was got, which not every kind may be.
    """
    with told("archive", f"{kind} {name}"):
        getattr(clients.workspace("development"), kind).archive(name)
