"""Runs and the registry, over a tracking server's HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lifecycle.tags import KEY
from platforms.folder_digest import SHA256, folder_digest
from platforms.mlflow_rest import AlreadyThere, MlflowRest
from platforms.mlflow_runs import MlflowRuns, pairs
from platforms.ports import NotFound, RegisteredModel

_FOLDER = "model"
_MOST_MODELS = "1000"  # that MLflow tells in one answer


class MlflowModels:
    """Implements `Models`. The key that makes a call repeatable is a tag on the run or the version."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._rest = MlflowRest(url)
        self._runs = MlflowRuns(self._rest)

    def start_run(self, experiment: str, key: str, tags: Mapping[str, str]) -> str:
        return self._runs.start(experiment, key, tags)

    def job_environment(self, run_id: str) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_RUN_ID": run_id,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
        }

    def finish_run(self, run_id: str, succeeded: bool, metrics: Mapping[str, float], params: Mapping[str, str]) -> None:
        self._runs.finish(run_id, succeeded, metrics, params)

    def log_text(self, run_id: str, text: str, artifact: str) -> str:
        self._rest.upload(text.encode(), self._runs.get(run_id)["info"]["artifact_uri"], artifact)
        return f"{self.run_url(run_id)}/artifacts/{artifact}"

    def delete_text(self, run_id: str, artifact: str) -> bool:
        self._rest.delete(self._runs.get(run_id)["info"]["artifact_uri"], artifact)
        return True

    def register(self, name: str, run_id: str, model: Path, key: str, tags: Mapping[str, str]) -> RegisteredModel:
        for version in self.versions(name):
            if version.tags.get(KEY) == key:
                return version
        with suppress(AlreadyThere):
            self._rest.post("registered-models/create", name=name)
        place = self._runs.get(run_id)["info"]["artifact_uri"]
        for file in sorted(path for path in model.rglob("*") if path.is_file()):
            self._rest.upload(file.read_bytes(), place, f"{_FOLDER}/{file.relative_to(model).as_posix()}")
        made = self._rest.post(
            "model-versions/create",
            name=name,
            source=f"{place}/{_FOLDER}",
            run_id=run_id,
            tags=pairs({**tags, KEY: key, SHA256: folder_digest(model)}),
        )
        return self.get(name, int(made["model_version"]["version"]))

    def get(self, name: str, version: int) -> RegisteredModel:
        try:
            found = self._rest.get("model-versions/get", name=name, version=str(version))["model_version"]
        except NotFound:
            raise NotFound(f"There is no version {version} of the model {name}.") from None
        return _registered(found, self._aliases(name))

    def versions(self, name: str) -> list[RegisteredModel]:
        aliases = self._aliases(name)  # a search does not tell them
        found = self._rest.pages("model-versions/search", "model_versions", filter=f"name = '{name}'")
        return sorted((_registered(version, aliases) for version in found), key=lambda version: version.version)

    def by_alias(self, name: str, alias: str) -> RegisteredModel | None:
        versions = self._aliases(name)
        return next((self.get(name, version) for version, aliases in versions.items() if alias in aliases), None)

    def bearers(self, alias: str) -> dict[str, RegisteredModel]:
        models = self._rest.pages("registered-models/search", "registered_models", max_results=_MOST_MODELS)
        found = {}
        for model in models:
            aliases = _aliases_of(model)
            for version in model.get("latest_versions", []):
                # A search tells a model's newest version only; what bears an alias is that, more often than not.
                if alias in aliases.get(int(version["version"]), ()):
                    found[str(model["name"])] = _registered(version, aliases)
        return found

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._rest.post("registered-models/alias", name=name, alias=alias, version=str(version))

    def tag(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self._rest.post("model-versions/set-tag", name=name, version=str(version), key=key, value=value)

    def fetch(self, name: str, version: int, folder: Path) -> Path:
        place = self._runs.get(self.get(name, version).run_id)["info"]["artifact_uri"]
        folder.mkdir(parents=True, exist_ok=True)
        target = Path(tempfile.mkdtemp(prefix=f"{name}-{version}-", dir=folder)) / _FOLDER
        self._rest.download(place, _FOLDER, target)
        return target

    def run_url(self, run_id: str) -> str:
        return f"{self.url}/#/experiments/{self._runs.get(run_id)['info']['experiment_id']}/runs/{run_id}"

    def version_url(self, name: str, version: int) -> str:
        return f"{self.url}/#/models/{name}/versions/{version}"

    def _aliases(self, name: str) -> dict[int, tuple[str, ...]]:
        """The aliases of each version that has one."""
        try:
            model = self._rest.get("registered-models/get", name=name)["registered_model"]
        except NotFound:
            return {}
        return _aliases_of(model)


def _aliases_of(model: Mapping[str, Any]) -> dict[int, tuple[str, ...]]:
    """The aliases of each version that has one."""
    versions: dict[int, tuple[str, ...]] = {}
    for found in sorted(model.get("aliases", []), key=lambda found: str(found["alias"])):
        version = int(found["version"])
        versions[version] = (*versions.get(version, ()), found["alias"])
    return versions


def _registered(version: Mapping[str, Any], aliases: Mapping[int, tuple[str, ...]]) -> RegisteredModel:
    """MLflow's version in our words."""
    number = int(version["version"])
    return RegisteredModel(
        name=version["name"],
        version=number,
        run_id=version["run_id"],
        tags={tag["key"]: tag["value"] for tag in version.get("tags", [])},
        aliases=aliases.get(number, ()),
        created_at=datetime.fromtimestamp(version["creation_timestamp"] / 1000, UTC),
    )
