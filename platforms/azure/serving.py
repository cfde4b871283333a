"""What an endpoint and a slot of it are made of: managed by Azure ML, or on a Kubernetes cluster that a stage names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.names import stage_of
from platforms.azure.clients import AzureClients
from platforms.azure.environments import Environments
from platforms.azure.models import AzureModels
from platforms.azure.quota import require_cores
from platforms.folder_digest import SHA256
from platforms.ports import RegisteredModel

if TYPE_CHECKING:
    from azure.ai.ml.entities import OnlineDeployment, OnlineEndpoint

_REQUEST_TIMEOUT_MS = 60_000
_AT_ONCE = 4  # requests that a server works on; it has one process
_PROBE = {"period": 10, "timeout": 5, "failure_threshold": 30, "success_threshold": 1, "initial_delay": 10}
_COLLECTIONS = ("model_inputs", "model_outputs")


class Serving:
    """A stage's endpoints lie on its Kubernetes cluster where the settings name one, and are managed elsewhere."""

    def __init__(self, clients: AzureClients, models: AzureModels) -> None:
        self._clients = clients
        self._models = models

    def endpoint(self, name: str, tags: Mapping[str, str]) -> OnlineEndpoint:
        """An endpoint without slots."""
        from azure.ai.ml.entities import KubernetesOnlineEndpoint, ManagedOnlineEndpoint

        cluster = self._cluster(name)
        if cluster is None:
            return ManagedOnlineEndpoint(name=name, auth_mode="key", tags=dict(tags))
        return KubernetesOnlineEndpoint(name=name, auth_mode="key", tags=dict(tags), compute=cluster)

    def require_room(self, endpoint: str) -> None:
        """Refused where the quota has no cores for one more slot. A cluster of one's own has no quota here."""
        settings, stage = self._clients.settings, stage_of(endpoint)
        if self._cluster(endpoint) is None:
            region = self._clients.region_of(stage)
            require_cores(self._clients, stage, settings.serving_size, settings.serving_instances, region)

    def deployment(
        self, endpoint: str, slot: str, version: RegisteredModel, tags: Mapping[str, str], script: Path
    ) -> OnlineDeployment:
        """A slot on the registered version, which runs the script."""
        from azure.ai.ml.entities import KubernetesOnlineDeployment, ManagedOnlineDeployment

        common = self._common(endpoint, slot, version, tags, script)
        settings = self._clients.settings
        if self._cluster(endpoint) is None:
            made: OnlineDeployment = ManagedOnlineDeployment(
                **common,
                model=self._models.asset(version.name, version.version),
                environment=Environments(self._clients).asset("scoring"),
                instance_type=settings.serving_size,
                data_collector=_collector(),
            )
            return made
        stage = stage_of(endpoint)  # a cluster pulls nothing from a registry: the stage's workspace gets its own copies
        return KubernetesOnlineDeployment(
            **common,
            model=self._models.copy_into(stage, version.name, version.version),
            environment=Environments(self._clients).ensure("scoring", stage),
            data_collector=_collector(),
        )

    def _cluster(self, endpoint: str) -> str | None:
        return self._clients.settings.stage(stage_of(endpoint)).kubernetes

    def _common(
        self, endpoint: str, slot: str, version: RegisteredModel, tags: Mapping[str, str], script: Path
    ) -> dict[str, Any]:
        from azure.ai.ml.entities import CodeConfiguration, OnlineRequestSettings, ProbeSettings

        return {
            "name": slot,
            "endpoint_name": endpoint,
            "tags": dict(tags),
            "code_configuration": CodeConfiguration(code=str(script.parent), scoring_script=script.name),
            "instance_count": self._clients.settings.serving_instances,
            "request_settings": OnlineRequestSettings(
                request_timeout_ms=_REQUEST_TIMEOUT_MS, max_concurrent_requests_per_instance=_AT_ONCE
            ),
            "liveness_probe": ProbeSettings(**_PROBE),
            "readiness_probe": ProbeSettings(**_PROBE),
            "environment_variables": {
                "PERENNIAL_MODEL_VERSION": str(version.version),
                "PERENNIAL_ENDPOINT": endpoint,
                "PERENNIAL_SLOT": slot,
                "PERENNIAL_MODEL_SHA256": version.tags.get(SHA256, ""),
                "WORKER_COUNT": "1",
            },
        }


def _collector() -> Any:
    from azure.ai.ml.entities import DataCollector, DeploymentCollection

    collections = {name: DeploymentCollection(enabled="true") for name in _COLLECTIONS}
    return DataCollector(collections=collections, sampling_rate=1.0, rolling_rate="hour")
