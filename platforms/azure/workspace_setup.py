"""What belongs to the workspaces and is made by the `setup` flow: a plan first, then what it says, idempotently.

Infrastructure (workspaces, storage, clusters, identities) is Bicep's, in `deployments/azure/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit

from lifecycle.names import Stage, job_prefix, staging_endpoint
from platforms.azure.clients import AzureClients
from platforms.azure.data_assets import ensure_data_asset
from platforms.azure.environments import Environments
from platforms.azure.errors import told
from platforms.ports import BlobStore, NotFound, OnlineEndpoints, Refused
from platforms.setup import Item

_MANIFEST = "manifest.json"  # written last: with it, a dataset version is whole


def plan(
    clients: AzureClients, endpoints: OnlineEndpoints, blobs: BlobStore, workloads: Sequence[str]
) -> Iterator[Item]:
    """Everything needed, and whether it is there, in the order in which to make it. Changes nothing."""
    yield from datastore(clients, "development")
    yield from datastore(clients, "production")
    yield from environments(clients)
    yield from _data_assets(clients, blobs, workloads)
    yield from _endpoints(endpoints, workloads)


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

    yield _item(stage, what, lambda: client.datastores.get(settings.datastore), make)


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


def _data_assets(clients: AzureClients, blobs: BlobStore, workloads: Sequence[str]) -> Iterator[Item]:
    """Of the dataset versions that were written before there was this workspace."""
    client, store = clients.workspace("development"), clients.settings.datastore
    for workload in workloads:
        name = f"{workload}-train"
        for version in _dataset_versions(blobs, workload):
            what = f"data asset {name}:{version}"
            make = partial(ensure_data_asset, client, store, name, version, job_prefix(workload, version))
            yield _item("development", what, partial(client.data.get, name, version=version), make)


def _dataset_versions(blobs: BlobStore, workload: str) -> list[str]:
    try:
        found = [blob.name for blob in blobs.list(f"datasets/{workload}/")]
    except NotFound:
        return []  # not even a container
    places = [name.split("/") for name in found]
    return sorted(place[2] for place in places if len(place) == 4 and place[3] == _MANIFEST)


def _endpoints(endpoints: OnlineEndpoints, workloads: Sequence[str]) -> Iterator[Item]:
    """Shells without slots, which cost nothing; a release makes what setup could not."""
    for workload in workloads:
        stages: tuple[tuple[Stage, str], ...] = (("staging", staging_endpoint(workload)), ("production", workload))
        for stage, name in stages:
            make = partial(endpoints.ensure, name, {"workload": workload, "stage": stage})
            yield _item(stage, f"endpoint {name}", partial(endpoints.get, name), make)


def _item(stage: Stage, what: str, get: Callable[[], object], make: Callable[[], object]) -> Item:
    """Whether it is there. One stage's identity cannot see the others': theirs are not known, and none fails for it."""
    try:
        return Item(stage, what, _is_there(get, what), make)
    except Refused as refusal:
        if stage == "development":
            raise
        return Item(stage, what, None, make, str(refusal))


def _is_there(get: Callable[[], object], what: str) -> bool:
    try:
        with told("get", what):
            get()
    except NotFound:
        return False
    return True
