"""Runs and the registry, over a tracking server's HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platforms.mlflow_rest import AlreadyThere, MlflowRest
from platforms.ports import NotFound, RegisteredModel

_KEY = "perennial.key"
_FOLDER = "model"


class MlflowModels:
    """Implements `Models`. The key that makes a call repeatable is a tag on the run or the version."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._rest = MlflowRest(url)

    def start_run(self, experiment: str, key: str, tags: Mapping[str, str]) -> str:
        identity = self._experiment(experiment)
        wanted = f"tags.`{_KEY}` = '{key}'"
        found = self._rest.post("runs/search", experiment_ids=[identity], filter=wanted, max_results=1).get("runs", [])
        if found:
            return str(found[0]["info"]["run_id"])
        made = self._rest.post(
            "runs/create",
            experiment_id=identity,
            run_name=key,
            start_time=_now(),
            tags=_pairs({**tags, _KEY: key}),
        )
        return str(made["run"]["info"]["run_id"])

    def job_environment(self, run_id: str) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_RUN_ID": run_id,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
        }

    def finish_run(self, run_id: str, succeeded: bool, metrics: Mapping[str, float], params: Mapping[str, str]) -> None:
        now = _now()
        recorded = {param["key"] for param in self._run(run_id)["data"].get("params", [])}  # a param can't be changed
        self._rest.post(
            "runs/log-batch",
            run_id=run_id,
            metrics=[{"key": key, "value": value, "timestamp": now, "step": 0} for key, value in metrics.items()],
            params=_pairs({key: value for key, value in params.items() if key not in recorded}),
        )
        self._rest.post("runs/update", run_id=run_id, status="FINISHED" if succeeded else "FAILED", end_time=now)

    def log_text(self, run_id: str, text: str, artifact: str) -> str:
        self._rest.upload(text.encode(), self._run(run_id)["info"]["artifact_uri"], artifact)
        return f"{self.run_url(run_id)}/artifacts/{artifact}"

    def register(self, name: str, run_id: str, model: Path, key: str, tags: Mapping[str, str]) -> RegisteredModel:
        for version in self.versions(name):
            if version.tags.get(_KEY) == key:
                return version
        with suppress(AlreadyThere):
            self._rest.post("registered-models/create", name=name)
        place = self._run(run_id)["info"]["artifact_uri"]
        for file in sorted(path for path in model.rglob("*") if path.is_file()):
            self._rest.upload(file.read_bytes(), place, f"{_FOLDER}/{file.relative_to(model).as_posix()}")
        made = self._rest.post(
            "model-versions/create",
            name=name,
            source=f"{place}/{_FOLDER}",
            run_id=run_id,
            tags=_pairs({**tags, _KEY: key}),
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

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._rest.post("registered-models/alias", name=name, alias=alias, version=str(version))

    def tag(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self._rest.post("model-versions/set-tag", name=name, version=str(version), key=key, value=value)

    def fetch(self, name: str, version: int, folder: Path) -> Path:
        place = self._run(self.get(name, version).run_id)["info"]["artifact_uri"]
        folder.mkdir(parents=True, exist_ok=True)
        target = Path(tempfile.mkdtemp(prefix=f"{name}-{version}-", dir=folder)) / _FOLDER
        self._rest.download(place, _FOLDER, target)
        return target

    def run_url(self, run_id: str) -> str:
        return f"{self.url}/#/experiments/{self._run(run_id)['info']['experiment_id']}/runs/{run_id}"

    def version_url(self, name: str, version: int) -> str:
        return f"{self.url}/#/models/{name}/versions/{version}"

    def _run(self, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self._rest.get("runs/get", run_id=run_id)["run"]
        return run

    def _aliases(self, name: str) -> dict[int, tuple[str, ...]]:
        """The aliases of each version that has one."""
        try:
            model = self._rest.get("registered-models/get", name=name)["registered_model"]
        except NotFound:
            return {}
        versions: dict[int, tuple[str, ...]] = {}
        for found in sorted(model.get("aliases", []), key=lambda found: str(found["alias"])):
            version = int(found["version"])
            versions[version] = (*versions.get(version, ()), found["alias"])
        return versions

    def _experiment(self, name: str) -> str:
        with suppress(AlreadyThere):  # or else somebody else makes it while we look
            try:
                return self._experiment_named(name)
            except NotFound:
                return str(self._rest.post("experiments/create", name=name)["experiment_id"])
        return self._experiment_named(name)

    def _experiment_named(self, name: str) -> str:
        return str(self._rest.get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])


def _now() -> int:
    """Milliseconds since the epoch, MLflow's time."""
    return int(datetime.now(UTC).timestamp() * 1000)


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


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
