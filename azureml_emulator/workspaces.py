"""Workspaces, as the resource manager tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azureml_emulator.errors import ServiceError

PROVIDER = "Microsoft.MachineLearningServices"


@dataclass(frozen=True)
class Workspace:
    """One workspace, and the storage account behind it."""

    subscription: str
    group: str
    name: str
    location: str = "westeurope"
    storage_account: str = "devstoreaccount1"

    @property
    def identity(self) -> str:
        """Its resource id."""
        return f"{_group(self.subscription, self.group)}/providers/{PROVIDER}/workspaces/{self.name}"

    def as_resource(self) -> dict[str, Any]:
        """Its resource, with the fields that the SDK reads."""
        group = _group(self.subscription, self.group)
        return {
            "id": self.identity,
            "name": self.name,
            "type": f"{PROVIDER}/workspaces",
            "location": self.location,
            "kind": "Default",
            "tags": {},
            "identity": {"type": "SystemAssigned", "principalId": "", "tenantId": ""},
            "properties": {
                "friendlyName": self.name,
                "provisioningState": "Succeeded",
                "workspaceId": self.name,
                "discoveryUrl": f"https://{self.location}.api.azureml.ms/discovery",
                "mlFlowTrackingUri": f"azureml://{self.location}.api.azureml.ms/mlflow/v1.0{self.identity}",
                "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/{self.storage_account}",
                "publicNetworkAccess": "Enabled",
            },
        }


class Workspaces:
    """Those that there are."""

    def __init__(self, workspaces: list[Workspace]) -> None:
        self._workspaces = workspaces

    def find(self, subscription: str, group: str, name: str) -> Workspace:
        """One of them, by names that do not mind their case. ServiceError 404."""
        wanted = (subscription.lower(), group.lower(), name.lower())
        for found in self._workspaces:
            if (found.subscription.lower(), found.group.lower(), found.name.lower()) == wanted:
                return found
        what = f"{PROVIDER}/workspaces/{name}"
        message = f"The Resource '{what}' under resource group '{group}' was not found."
        raise ServiceError(404, "ResourceNotFound", message)

    def within(self, subscription: str, group: str) -> list[Workspace]:
        """Those of a resource group."""
        wanted = (subscription.lower(), group.lower())
        return [one for one in self._workspaces if (one.subscription.lower(), one.group.lower()) == wanted]


def _group(subscription: str, group: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"
