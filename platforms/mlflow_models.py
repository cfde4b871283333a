"""Runs and the registry, over a tracking server's HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platforms.ports import NotFound, RegisteredModel, Unavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient

_KEY = "perennial.key"
_FOLDER = "model"


class MlflowModels:
    """Implements `Models`. The key that makes a call repeatable is a tag on the run or the version."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    @cached_property
    def _client(self) -> MlflowClient:
        from mlflow import MlflowClient

        return MlflowClient(self.url, registry_uri=self.url)

    def start_run(self, experiment: str, key: str, tags: Mapping[str, str]) -> str:
        experiment_id = self._experiment(experiment)
        found = self._client.search_runs([experiment_id], f"tags.`{_KEY}` = '{key}'", max_results=1)
        if found:
            return str(found[0].info.run_id)
        run = self._client.create_run(experiment_id, run_name=key, tags={**tags, _KEY: key})
        return str(run.info.run_id)

    def job_environment(self, run_id: str) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_RUN_ID": run_id,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
        }

    def finish_run(self, run_id: str, succeeded: bool, metrics: Mapping[str, float], params: Mapping[str, str]) -> None:
        from mlflow.entities import Metric, Param

        now = int(datetime.now(UTC).timestamp() * 1000)
        recorded = self._client.get_run(run_id).data.params
        new = [Param(name, value) for name, value in params.items() if name not in recorded]
        self._client.log_batch(run_id, [Metric(name, value, now, 0) for name, value in metrics.items()], new)
        self._client.set_terminated(run_id, "FINISHED" if succeeded else "FAILED")

    def log_text(self, run_id: str, text: str, artifact: str) -> str:
        self._client.log_text(run_id, text, artifact)
        return f"{self.run_url(run_id)}/artifacts/{artifact}"

    def register(self, name: str, run_id: str, model: Path, key: str, tags: Mapping[str, str]) -> RegisteredModel:
        for version in self.versions(name):
            if version.tags.get(_KEY) == key:
                return version
        self._ensure_model(name)
        self._client.log_artifacts(run_id, str(model), _FOLDER)
        source = f"{self._client.get_run(run_id).info.artifact_uri}/{_FOLDER}"
        made = self._client.create_model_version(name, source, run_id, tags={**tags, _KEY: key}, await_creation_for=0)
        return self.get(name, int(made.version))

    def get(self, name: str, version: int) -> RegisteredModel:
        from mlflow.exceptions import MlflowException

        try:
            return _registered(self._client.get_model_version(name, str(version)))
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise NotFound(f"There is no version {version} of the model {name}.") from error
            raise Unavailable(f"MLflow did not tell of version {version} of {name}: {error.message}") from error

    def versions(self, name: str) -> list[RegisteredModel]:
        found: list[Any] = []
        token: str | None = None
        aliases = self._aliases(name)  # a search does not tell them
        while True:
            page = self._client.search_model_versions(f"name = '{name}'", max_results=200, page_token=token)
            found += page
            token = page.token
            if not token:
                break
        return sorted((_registered(version, aliases) for version in found), key=lambda version: version.version)

    def by_alias(self, name: str, alias: str) -> RegisteredModel | None:
        from mlflow.exceptions import MlflowException

        try:
            return _registered(self._client.get_model_version_by_alias(name, alias))
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise Unavailable(f"MLflow did not tell of {name}@{alias}: {error.message}") from error

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._client.set_registered_model_alias(name, alias, str(version))

    def tag(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self._client.set_model_version_tag(name, str(version), key, value)

    def fetch(self, name: str, version: int, folder: Path) -> Path:
        run_id = self.get(name, version).run_id
        folder.mkdir(parents=True, exist_ok=True)
        target = tempfile.mkdtemp(prefix=f"{name}-{version}-", dir=folder)
        return Path(self._client.download_artifacts(run_id, _FOLDER, target))

    def run_url(self, run_id: str) -> str:
        run = self._client.get_run(run_id)
        return f"{self.url}/#/experiments/{run.info.experiment_id}/runs/{run_id}"

    def version_url(self, name: str, version: int) -> str:
        return f"{self.url}/#/models/{name}/versions/{version}"

    def _aliases(self, name: str) -> dict[int, tuple[str, ...]]:
        from mlflow.exceptions import MlflowException

        try:
            by_alias = self._client.get_registered_model(name).aliases
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise Unavailable(f"MLflow did not tell of the model {name}: {error.message}") from error
        versions: dict[int, tuple[str, ...]] = {}
        for alias, version in sorted(by_alias.items()):
            versions[int(version)] = (*versions.get(int(version), ()), alias)
        return versions

    def _experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        try:
            return str(self._client.create_experiment(name))
        except MlflowException:  # somebody else made it since we looked
            found = self._client.get_experiment_by_name(name)
            if found is None:
                raise
            return str(found.experiment_id)

    def _ensure_model(self, name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _registered(version: Any, aliases: Mapping[int, tuple[str, ...]] | None = None) -> RegisteredModel:
    """MLflow's version in our words; `aliases` where the answer it came with leaves them out."""
    return RegisteredModel(
        name=version.name,
        version=int(version.version),
        run_id=version.run_id,
        tags=dict(version.tags),
        aliases=tuple(version.aliases) if aliases is None else aliases.get(int(version.version), ()),
        created_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
    )
