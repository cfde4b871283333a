"""What the emulator's handlers share, and the words for a resource that all of them use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from azureml_emulator.accounts import Account, Accounts, Container
from azureml_emulator.blanks import filled
from azureml_emulator.blob_client import BlobClient
from azureml_emulator.errors import not_found, user_error
from azureml_emulator.settings import Settings, client_environment
from azureml_emulator.store import Document, Store
from azureml_emulator.tokens import Tokens

_PASSED_ON = ("HOME", "LANG", "LC_ALL", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "TMPDIR", "TZ")
PROVIDER = "Microsoft.MachineLearningServices"


@dataclass(frozen=True)
class World:
    """Settings, memory, tokens and blobs."""

    settings: Settings
    store: Store
    tokens: Tokens
    accounts: Accounts
    blobs: BlobClient
    proxy_port: int
    authority: Path

    def require(self, workspace: str, kind: str, name: str) -> Document:
        """A document that must be there, else the service's 404."""
        found = self.store.get(workspace, kind, name)
        if found is None:
            raise not_found(f"{PROVIDER}/workspaces/{workspace}/{kind}/{name}")
        return found

    def account_of(self, container: Container) -> Account:
        """The account that a container lies in, which must be there."""
        account = self.accounts.get(container.account)
        if account is None:
            raise user_error(f"There is no storage account '{container.account}'.")
        return account

    def resource(self, workspace: str, path: str, properties: dict[str, Any], **more: Any) -> Document:
        """A resource's envelope: id, name, type and when it was made."""
        segments = path.split("/")
        _, divider, registry = workspace.partition(":")
        base = f"azureml://registries/{registry}" if divider else self.settings.workspace_id(workspace)
        kinds = "/".join(segments[0::2])
        return {
            "id": f"{base}/{path}",
            "name": segments[-1],
            "type": f"{PROVIDER}/{'registries' if divider else 'workspaces'}/{kinds}",
            "properties": filled(kinds, properties),
            "systemData": system_data(),
            **more,
        }

    def base_environment(self) -> dict[str, str]:
        """For a job or a server: little of the emulator's own, and what a client of the emulator needs."""
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        path = os.pathsep.join([str(Path(self.settings.python).parent), os.environ.get("PATH", os.defpath)])
        return {**kept, "PATH": path, **client_environment(self.settings, self.proxy_port, self.authority)}


def system_data() -> dict[str, str]:
    now = timestamp()
    by = {"createdBy": "emulator", "createdByType": "Application", "lastModifiedAt": now}
    return {**by, "createdAt": now, "lastModifiedBy": "emulator", "lastModifiedByType": "Application"}


def timestamp() -> str:
    """Now, as the service writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
