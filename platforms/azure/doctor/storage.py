"""The storage that holds the service's data, and the one that each workspace writes its predictions to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import SecretStr

from lifecycle.names import Stage
from platforms.azure.blob_account import container_client
from platforms.azure.doctor.subject import Subject
from platforms.azure.resource_manager import ML_API
from platforms.checkup import Check, Finding, missing, ok
from platforms.ports import NotFound, Refused

_PROBES = "perennial-doctor/"
_ROLE = "Storage Blob Data Contributor"


def account_of(settings_storage: SecretStr) -> str:
    """The account's name, out of an address of whatever kind; empty where it cannot be told. No secret."""
    words = settings_storage.get_secret_value().strip()
    if words.startswith(("http://", "https://")):
        return (urlsplit(words).hostname or "").partition(".")[0]
    parts = dict(part.partition("=")[::2] for part in words.split(";"))
    return parts.get("AccountName", "")


def own(subject: Subject) -> list[Check]:
    """The container of datasets, labels and the ledger: list, write and delete a probe, as flows reach it."""
    account = account_of(subject.settings.storage)
    return [Check(f"container {subject.settings.container} in {account}", partial(_container, subject, account))]


def _container(subject: Subject, account: str) -> Iterator[Finding]:
    from platforms.azure.blob_errors import told

    settings = subject.settings
    what = f"container {settings.container} in {account}"
    at_account = f"--name {settings.container} --account-name {account} --auth-mode login"
    name = f"{_PROBES}{uuid4().hex}"
    try:
        with container_client(settings.storage, settings.container, **_impatient()) as container:
            with told("list", settings.container):
                next(iter(container.list_blobs(name_starts_with=_PROBES)), None)
            with told("write", settings.container, name):
                container.upload_blob(name, b"probe")
            with told("delete", settings.container, name):
                container.delete_blob(name)
    except NotFound as absent:
        yield missing(what, str(absent), f"az storage container create {at_account}")
    except Refused as refusal:
        yield missing(what, str(refusal), _grant(subject, "development", account, settings.container))
    else:
        yield ok(what, "list, write and delete work")


def of_stage(subject: Subject, stage: Stage) -> Iterator[Check]:
    """The workspace's default datastore, where the data collector writes and monitoring reads."""
    yield Check(f"default datastore of {stage}", partial(_datastore, subject, stage))


def _datastore(subject: Subject, stage: Stage) -> Iterator[Finding]:
    from platforms.azure.blob_errors import told

    what = f"default datastore of {stage}"
    scope = f"{subject.clients.workspace_id(stage)}/datastores"
    found = subject.arm.all(stage, scope, ML_API, isDefault="true")
    if not found:
        yield missing(what, "the workspace has none", f"az ml datastore create {subject.place(stage)} --file …")
        return
    properties = found[0]["properties"]
    account, name = str(properties["accountName"]), str(properties["containerName"])
    address = SecretStr(f"https://{account}.blob.{properties.get('endpoint') or 'core.windows.net'}")
    try:
        client = container_client(address, name, subject.clients.credential(stage), **_impatient())
        with client, told("list", name):
            next(iter(client.list_blobs(results_per_page=1)), None)
    except (NotFound, Refused) as refusal:
        yield missing(what, str(refusal), _grant(subject, stage, account, name))
    else:
        yield ok(what, f"{found[0]['name']}: {name} in {account} can be listed")


def _grant(subject: Subject, stage: Stage, account: str, container: str) -> str:
    lookup = f"$(az storage account show --name {account} --query id --output tsv)"
    return subject.grant(stage, _ROLE, f"{lookup}/blobServices/default/containers/{container}")


def _impatient() -> dict[str, Any]:
    """No retries: a doctor says what it saw."""
    from azure.storage.blob import ExponentialRetry

    return {"retry_policy": ExponentialRetry(retry_total=0), "connection_timeout": 8, "read_timeout": 8}
