"""What the checks share: the clients, and whom and where the settings name."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

from lifecycle.names import Stage
from platforms.azure.clients import SCOPE, AzureClients
from platforms.azure.resource_manager import ML_API, ResourceManager

STAGES: tuple[Stage, ...] = get_args(Stage)


class Subject:
    """One installation's settings, looked at. May be used from several threads at once."""

    def __init__(self, clients: AzureClients) -> None:
        self.clients = clients
        self.settings = clients.settings
        self.arm = ResourceManager(clients.auth)
        self._workspaces: dict[Stage, dict[str, Any]] = {}

    def subscription(self, stage: Stage) -> str:
        """Where the stage's workspace is."""
        return self.settings.stage(stage).subscription or self.settings.subscription

    def group(self, stage: Stage) -> str:
        """The stage's resource group."""
        return self.settings.stage(stage).resource_group or self.settings.resource_group

    def place(self, stage: Stage) -> str:
        """The workspace as options of `az ml`."""
        return (
            f"--subscription {self.subscription(stage)} --resource-group {self.group(stage)}"
            f" --workspace-name {self.settings.stage(stage).workspace}"
        )

    def workspace(self, stage: Stage) -> dict[str, Any]:
        """The stage's workspace as the service tells it; asked for until it answers, then remembered."""
        if stage not in self._workspaces:
            self._workspaces[stage] = self.arm.get(stage, self.clients.workspace_id(stage), ML_API)
        return self._workspaces[stage]

    def region(self, stage: Stage) -> str:
        """The workspace's, as host names have it: `westeurope`."""
        return str(self.workspace(stage)["location"]).lower().replace(" ", "")

    def claims(self, stage: Stage) -> dict[str, Any]:
        """What the stage's token says of its bearer. No part of the token itself."""
        token = self.clients.credential(stage).get_token(SCOPE).token
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims

    def identity(self, stage: Stage) -> str:
        """The identity's object id, which role assignments name."""
        claims = self.claims(stage)
        return str(claims.get("oid") or claims.get("appid") or "?")

    def grant(self, stage: Stage, role: str, scope: str) -> str:
        """The command that gives a stage's identity a role."""
        return f'az role assignment create --assignee {self.identity(stage)} --role "{role}" --scope {scope}'
