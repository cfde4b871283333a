"""What belongs to the workspaces and is made by the `setup` flow: a plan first, then what it says, idempotently.

Infrastructure (workspaces, storage, clusters, identities) is Bicep's, in `deployments/azure/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lifecycle.names import Stage, staging_endpoint
from platforms.azure.clients import AzureClients
from platforms.azure.environments import Environments
from platforms.azure.errors import told
from platforms.ports import NotFound, OnlineEndpoints, Refused


@dataclass(frozen=True)
class Item:
    """One thing that a workspace needs."""

    stage: Stage
    what: str
    there: bool
    make: Callable[[], object]


def plan(clients: AzureClients, endpoints: OnlineEndpoints, workloads: list[str]) -> list[Item]:
    """Everything needed, and whether it is there. Changes nothing."""
    stores = [*datastore(clients, "development"), *datastore(clients, "production")]
    return [*stores, *environments(clients), *_endpoints(endpoints, workloads)]


def datastore(clients: AzureClients, stage: Stage = "development") -> Iterator[Item]:
    """The container of the data as a datastore: where it is trained on, and where files are scored."""
    from azure.ai.ml.entities import AzureBlobDatastore

    settings, client = clients.settings, clients.workspace(stage)
    account = urlsplit(settings.storage.get_secret_value()).hostname or ""
    what = f"datastore {settings.datastore}"

    def make() -> None:
        if not account:
            raise Refused(f"{what}: PERENNIAL_AZURE__STORAGE is no account URL; make the datastore by hand.")
        store = AzureBlobDatastore(
            name=settings.datastore, account_name=account.partition(".")[0], container_name=settings.container
        )
        with told("create", what):
            client.datastores.create_or_update(store)

    yield Item(stage, what, _is_there(lambda: client.datastores.get(settings.datastore), what), make)


def environments(clients: AzureClients) -> Iterator[Item]:
    """What trains, in the development workspace; what serves, in the registry."""
    made = Environments(clients)
    workspace, registry = clients.workspace("development"), clients.registry("development")
    training, scoring = (":".join(made.name(purpose)) for purpose in ("training", "scoring"))
    there = made.is_there(workspace, "training")
    yield Item("development", f"environment {training}", there, lambda: made.ensure("training"))
    where = "" if registry is None else f" in the registry {clients.settings.registry}"
    there = made.is_there(registry or workspace, "scoring")
    yield Item("development", f"environment {scoring}{where}", there, lambda: made.share("scoring"))


def _endpoints(endpoints: OnlineEndpoints, workloads: list[str]) -> Iterator[Item]:
    there = set(endpoints.names())
    for workload in workloads:
        for stage, name in (("staging", staging_endpoint(workload)), ("production", workload)):
            tags = {"workload": workload, "stage": stage}
            make = lambda n=name, t=tags: endpoints.ensure(n, t)  # noqa: E731
            yield Item(stage, f"endpoint {name}", name in there, make)  # type: ignore[arg-type]


def _is_there(get: Callable[[], object], what: str) -> bool:
    try:
        with told("get", what):
            get()
    except NotFound:
        return False
    return True
