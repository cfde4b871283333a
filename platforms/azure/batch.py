"""Batch endpoints of Azure ML, in the workspace that their name says: production's."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.names import stage_of
from platforms.azure.batch_jobs import BatchJobs
from platforms.azure.clients import AzureClients
from platforms.azure.environments import Environments
from platforms.azure.errors import told
from platforms.azure.models import AzureModels
from platforms.batch_rules import require_fit
from platforms.folder_digest import SHA256
from platforms.ports import BatchEndpoint, BatchSpec, BlobStore, Job, NotFound, Refused, RegisteredModel
from scoring import BATCH_SCRIPTS

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import ModelBatchDeployment

_SCORING = Path(__file__).parents[2] / "scoring"


class AzureBatchEndpoints:
    """Implements `BatchEndpoints`. Inputs and outputs are folders of the workspace's datastore over our container."""

    def __init__(self, clients: AzureClients, models: AzureModels, blobs: BlobStore) -> None:
        self._clients = clients
        self._models = models
        self._blobs = blobs
        self._jobs = BatchJobs(clients)

    def ensure(self, name: str, tags: Mapping[str, str]) -> BatchEndpoint:
        from azure.ai.ml.entities import BatchEndpoint as Wanted

        try:
            return self.get(name)
        except NotFound:
            wanted = Wanted(name=name, tags=dict(tags))
        with told("create", f"batch endpoint {name}"):
            self._client(name).batch_endpoints.begin_create_or_update(wanted).result()
        return self.get(name)

    def get(self, name: str) -> BatchEndpoint:
        client = self._client(name)
        with told("get", f"batch endpoint {name}"):
            found = client.batch_endpoints.get(name)
            deployments = {
                str(one.name): {str(key): str(value) for key, value in (one.tags or {}).items()}
                for one in client.batch_deployments.list(name)
            }
        default = getattr(found.defaults, "deployment_name", None)  # what is read is no dictionary, what is set is one
        return BatchEndpoint(name, deployments, str(default) if default else None)

    def names(self) -> list[str]:
        with told("list batch endpoints", "the workspace of production"):
            return sorted(str(one.name) for one in self._clients.workspace("production").batch_endpoints.list())

    def deploy(self, endpoint: str, deployment: str, version: RegisteredModel, tags: Mapping[str, str]) -> None:
        if self.get(endpoint).deployments.get(deployment) == dict(tags):
            return
        with tempfile.TemporaryDirectory() as code:
            for script in BATCH_SCRIPTS:
                shutil.copy(_SCORING / script, code)
            wanted = self._deployment(endpoint, deployment, version, tags, code)
            with told("deploy", f"{endpoint}/{deployment}"):
                self._client(endpoint).batch_deployments.begin_create_or_update(wanted).result()

    def set_default(self, endpoint: str, deployment: str) -> BatchEndpoint:
        if deployment not in self.get(endpoint).deployments:
            raise Refused(f"{endpoint} has no deployment {deployment}: it cannot be the default one.")
        client = self._client(endpoint)
        with told("set the default", f"batch endpoint {endpoint}"):
            found = client.batch_endpoints.get(endpoint)
            found.defaults = {"deployment_name": deployment}
            client.batch_endpoints.begin_create_or_update(found).result()
        return self.get(endpoint)

    def invoke(self, endpoint: str, spec: BatchSpec) -> Job:
        require_fit(spec)
        now = self.get(endpoint)
        found = self._jobs.find(endpoint, spec.name)
        if found is None:
            deployment = spec.deployment or now.default
            if deployment is None or deployment not in now.deployments:
                raise NotFound(f"{endpoint} has no deployment {deployment or 'that is the default one'}.")
            if next(iter(self._blobs.list(spec.input_prefix)), None) is None:
                raise NotFound(f"Job {spec.name} has no data: nothing lies under {spec.input_prefix}.")
            found = self._jobs.begin(endpoint, self._scoring_url(endpoint), deployment, spec)
        return self._jobs.look(endpoint, found, spec.name)

    def job(self, endpoint: str, name: str) -> Job:
        return self._jobs.look(endpoint, self._found(endpoint, name), name)

    def logs(self, endpoint: str, name: str, last_lines: int = 200) -> str:
        return "\n".join(self._jobs.logs(endpoint, self._found(endpoint, name))[-last_lines:])

    def cancel(self, endpoint: str, name: str) -> None:
        found = self._found(endpoint, name)
        if not self._jobs.look(endpoint, found, name).status.ended:
            self._jobs.cancel(endpoint, found)

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        now = self.get(endpoint)
        if now.default == deployment:
            raise Refused(f"{endpoint}/{deployment} is the default deployment; choose another one first.")
        if deployment in now.deployments:
            with told("delete", f"{endpoint}/{deployment}"):
                self._client(endpoint).batch_deployments.begin_delete(deployment, endpoint).result()

    def delete(self, endpoint: str) -> None:
        if endpoint in self.names():
            with told("delete", f"batch endpoint {endpoint}"):
                self._client(endpoint).batch_endpoints.begin_delete(endpoint).result()

    def _client(self, endpoint: str) -> MLClient:
        return self._clients.workspace(stage_of(endpoint))

    def _found(self, endpoint: str, name: str) -> str:
        found = self._jobs.find(endpoint, name)
        if found is None:
            raise NotFound(f"{endpoint} has no job {name}.")
        return found

    def _scoring_url(self, endpoint: str) -> str:
        with told("get", f"batch endpoint {endpoint}"):
            return str(self._client(endpoint).batch_endpoints.get(endpoint).scoring_uri)

    def _deployment(
        self, endpoint: str, deployment: str, version: RegisteredModel, tags: Mapping[str, str], code: str
    ) -> ModelBatchDeployment:
        from azure.ai.ml.constants import BatchDeploymentOutputAction
        from azure.ai.ml.entities import CodeConfiguration, ModelBatchDeployment, ModelBatchDeploymentSettings

        # The script writes a file a file, which a second try replaces; appended rows would be there twice.
        settings = ModelBatchDeploymentSettings(
            output_action=BatchDeploymentOutputAction.SUMMARY_ONLY,
            mini_batch_size=10,  # like the other limits, each invocation brings its own
            instance_count=1,
            max_concurrency_per_instance=1,
            environment_variables={
                "PERENNIAL_MODEL_VERSION": str(version.version),
                "PERENNIAL_MODEL_SHA256": version.tags.get(SHA256, ""),
            },
        )
        return ModelBatchDeployment(
            name=deployment,
            endpoint_name=endpoint,
            tags=dict(tags),
            model=self._models.asset(version.name, version.version),
            environment=Environments(self._clients).asset("scoring"),
            code_configuration=CodeConfiguration(code=code, scoring_script=BATCH_SCRIPTS[0]),
            compute=self._clients.settings.batch_compute,
            settings=settings,
        )
