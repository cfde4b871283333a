"""The SDK's clients: one MLClient a thread and place, and one identity a stage."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from lifecycle.names import Stage
from platforms.azure.resource_manager import ML_API, ResourceManager
from platforms.azure.settings import AzureSettings, AzureStage
from platforms.mlflow_rest import MlflowRest

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

SCOPE = "https://management.azure.com/.default"


class TokenAuth(httpx.Auth):
    """A bearer token of the identity on each request; the credential keeps and renews it."""

    def __init__(self, credential: TokenCredential, scope: str = SCOPE) -> None:
        self._credential = credential
        self._scope = scope

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """As httpx asks for it."""
        request.headers["Authorization"] = f"Bearer {self._credential.get_token(self._scope).token}"
        yield request


class AzureClients:
    """Made once a process. `models.share` swaps an MLClient's insides while it works: threads must not share one."""

    def __init__(self, settings: AzureSettings) -> None:
        self.settings = settings
        self._mine = threading.local()
        self._credentials: dict[str | None, TokenCredential] = {}
        self._workspaces: dict[Stage, dict[str, Any]] = {}
        self._lock = threading.Lock()
        logging.getLogger("azure").setLevel(logging.WARNING)

    def credential(self, stage: Stage) -> TokenCredential:
        """The stage's identity: by environment, workload identity, managed identity or a developer's sign-in."""
        who = self.settings.stage(stage)
        with self._lock:
            if who.client_id not in self._credentials:
                self._credentials[who.client_id] = _credential(self.settings.tenant, who)
            return self._credentials[who.client_id]

    def auth(self, stage: Stage) -> TokenAuth:
        """The stage's identity for plain HTTP."""
        return TokenAuth(self.credential(stage))

    def workspace(self, stage: Stage) -> MLClient:
        """The client of the stage's workspace."""
        where = self.settings.stage(stage)
        group = where.resource_group or self.settings.resource_group
        return self._client(stage, self.subscription(stage), resource_group_name=group, workspace_name=where.workspace)

    def registry(self, stage: Stage) -> MLClient | None:
        """The registry's client with the stage's identity; None where models need not cross workspaces."""
        if self.settings.registry is None:
            return None
        return self._client(stage, None, registry_name=self.settings.registry)

    def subscription(self, stage: Stage) -> str:
        """The subscription of the stage's workspace."""
        return self.settings.stage(stage).subscription or self.settings.subscription

    def workspace_id(self, stage: Stage) -> str:
        """The resource id of the stage's workspace."""
        where = self.settings.stage(stage)
        return (
            f"/subscriptions/{self.subscription(stage)}"
            f"/resourceGroups/{where.resource_group or self.settings.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{where.workspace}"
        )

    @property
    def region(self) -> str:
        """Where the development workspace is."""
        return self.region_of("development")

    def region_of(self, stage: Stage) -> str:
        """Where the stage's workspace is."""
        return str(self._described(stage)["location"])

    @property
    def tracking_uri(self) -> str:
        """By which mlflow and its plugin for Azure ML know the development workspace."""
        told_by_the_service = str(self._described("development")["properties"]["mlFlowTrackingUri"])
        return told_by_the_service.replace("/mlflow/v1.0", "/mlflow/v2.0")  # v1.0 is for mlflow 1, says azureml-mlflow

    @cached_property
    def tracking(self) -> MlflowRest:
        """The same workspace by MLflow's REST API."""
        return MlflowRest(self.tracking_uri.replace("azureml://", "https://").rstrip("?"), self.auth("development"))

    def _described(self, stage: Stage) -> dict[str, Any]:
        """The workspace as the service tells it. By plain HTTP: the SDK imports mlflow to answer."""
        if stage not in self._workspaces:
            workspace = self.workspace_id(stage)
            self._workspaces[stage] = ResourceManager(self.auth, patience=30.0).get(stage, workspace, ML_API)
        return self._workspaces[stage]

    def _client(self, stage: Stage, subscription: str | None, **place: str) -> MLClient:
        from azure.ai.ml import MLClient

        clients: dict[Any, MLClient] = self._mine.__dict__.setdefault("clients", {})
        key = (stage, *sorted(place.items()))
        if key not in clients:
            _warn_of_nothing_experimental()
            quiet = {"show_progress": False, "enable_telemetry": False}
            clients[key] = MLClient(self.credential(stage), subscription, **place, **quiet)  # type: ignore[arg-type]
        return clients[key]


def _warn_of_nothing_experimental() -> None:
    """The versions are pinned. And to see whether it should warn, the SDK reads the sources of the whole call stack for
    each such object, as each deployment that it reads holds two: four fifths of what a promotion computed.
    """
    from azure.ai.ml._utils import _experimental

    _experimental._should_skip_warning = lambda: True


def _credential(tenant: str | None, who: AzureStage) -> TokenCredential:
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    if who.client_id is None:
        return DefaultAzureCredential()
    if who.client_secret is not None and tenant is not None:
        return ClientSecretCredential(tenant, who.client_id, who.client_secret.get_secret_value())
    return DefaultAzureCredential(managed_identity_client_id=who.client_id, workload_identity_client_id=who.client_id)
