"""Runs in the development workspace, versions in the registry that all stages read."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.names import Stage
from lifecycle.tags import KEY
from platforms.azure.clients import AzureClients
from platforms.azure.environments import Environments
from platforms.azure.errors import told
from platforms.folder_digest import SHA256, folder_digest
from platforms.mlflow_runs import MlflowRuns
from platforms.ports import NotFound, RegisteredModel

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model

RUN = "perennial.run"
_ALIAS = "perennial.alias."  # + alias: when it was given; the newest holder has it
_THERE = "Resource Conflict: ArtifactId"  # what was logged once can be neither replaced nor deleted
_STUDIO = "https://ml.azure.com"


class AzureModels:
    """Implements `Models`. Without a registry, versions live in the development workspace.

    Azure ML has no aliases: an alias is a tag that says when it was given, and the version that got it last bears it.
    So giving it is one write, and a caller killed in between leaves it where it was or where it should be.
    """

    def __init__(self, clients: AzureClients, stage: Stage = "development") -> None:
        self._clients = clients
        self._stage = stage

    def start_run(self, experiment: str, key: str, tags: Mapping[str, str]) -> str:
        return self._runs.start(experiment, key, tags)

    def job_environment(self, run_id: str) -> dict[str, str]:
        return {"MLFLOW_RUN_ID": run_id}  # the service sets the address

    def finish_run(self, run_id: str, succeeded: bool, metrics: Mapping[str, float], params: Mapping[str, str]) -> None:
        self._runs.finish(run_id, succeeded, metrics, params)

    def log_text(self, run_id: str, text: str, artifact: str) -> str:
        import mlflow

        mlflow.set_tracking_uri(self._clients.tracking_uri)  # the plugin knows artifacts by the global one only
        try:
            with told("log an artifact", f"run {run_id}"):
                mlflow.MlflowClient().log_text(run_id, text, artifact)
        except Exception as error:  # the plugin raises no type of its own for what the service refuses
            if _THERE not in str(error):
                raise
        return f"{self.run_url(run_id)}&tab=artifacts"

    def delete_text(self, run_id: str, artifact: str) -> bool:  # noqa: ARG002
        return False  # run history's API creates, lists and reads artifacts, and deletes none

    def register(self, name: str, run_id: str, model: Path, key: str, tags: Mapping[str, str]) -> RegisteredModel:
        made = self._in_workspace(name, key)
        if made is None:
            made = self._create(name, model, {**tags, KEY: key, RUN: run_id, SHA256: folder_digest(model)})
        self._share(made)
        return self.get(name, int(str(made.version)))

    def get(self, name: str, version: int) -> RegisteredModel:
        found = next((one for one in self.versions(name) if one.version == version), None)
        if found is None:
            raise NotFound(f"There is no version {version} of the model {name}.")
        return found

    def versions(self, name: str) -> list[RegisteredModel]:
        found = self._list(self._home, name)
        holders = _holders(found)
        return sorted((_registered(one, holders) for one in found), key=lambda version: version.version)

    def by_alias(self, name: str, alias: str) -> RegisteredModel | None:
        return next((version for version in self.versions(name) if alias in version.aliases), None)

    def bearers(self, alias: str) -> dict[str, RegisteredModel]:  # noqa: ARG002 - the port's
        """None: Azure ML lists versions a model at a time."""
        return {}

    def set_alias(self, name: str, alias: str, version: int) -> None:
        holder = self.by_alias(name, alias)
        if holder is not None and holder.version == version:
            return
        self.tag(name, version, {_ALIAS + alias: datetime.now(UTC).isoformat(timespec="microseconds")})
        if holder is not None:
            self._change(name, holder.version, {_ALIAS + alias: None})

    def tag(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        self._change(name, version, tags)

    def fetch(self, name: str, version: int, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        target = Path(tempfile.mkdtemp(prefix=f"{name}-{version}-", dir=folder))
        with told("download", f"model {name}:{version}"):
            self._home.models.download(name, str(version), download_path=target)
        packed = min(target.rglob("MLmodel"), key=lambda path: len(path.parts), default=None)
        if packed is None:
            raise NotFound(f"Model {name}:{version} is no packed MLflow model: it holds no MLmodel.")
        return packed.parent

    def asset(self, name: str, version: int) -> str:
        """What a deployment names."""
        registry = self._clients.settings.registry
        if registry is not None:
            return f"azureml://registries/{registry}/models/{name}/versions/{version}"
        return f"azureml:{name}:{version}"

    def copy_into(self, stage: Stage, name: str, version: int) -> str:
        """`azureml:NAME:VERSION` of the stage's own workspace, copied there from the registry if it is not there."""
        from azure.ai.ml.entities import Model

        client, resource = self._clients.workspace(stage), f"model {name}:{version}"
        try:
            with told("get", resource):
                client.models.get(name, str(version))
        except NotFound:
            with tempfile.TemporaryDirectory() as folder, told("copy", resource):
                packed = self.fetch(name, version, Path(folder))
                kind = self._get(name, version).type
                copy = Model(name=name, version=str(version), path=str(packed), type=kind)
                client.models.create_or_update(copy)
        return f"azureml:{name}:{version}"

    def run_url(self, run_id: str) -> str:
        return f"{_STUDIO}/runs/{run_id}?wsid={self._clients.workspace_id('development')}"

    def version_url(self, name: str, version: int) -> str:
        registry = self._clients.settings.registry
        if registry is not None:
            return f"{_STUDIO}/registries/{registry}/models/{name}/version/{version}"
        return f"{_STUDIO}/model/{name}:{version}/details?wsid={self._clients.workspace_id('development')}"

    @property
    def _runs(self) -> MlflowRuns:
        return MlflowRuns(self._clients.tracking)

    @property
    def _home(self) -> MLClient:
        """Where versions are read and tagged."""
        return self._clients.registry(self._stage) or self._clients.workspace("development")

    def _in_workspace(self, name: str, key: str) -> Model | None:
        found = self._list(self._clients.workspace("development"), name)
        return next((version for version in found if (version.tags or {}).get(KEY) == key), None)

    @staticmethod
    def _list(client: MLClient, name: str) -> list[Model]:
        with suppress(NotFound), told("list versions", f"model {name}"):
            return list(client.models.list(name))
        return []

    def _create(self, name: str, model: Path, tags: Mapping[str, str]) -> Model:
        from azure.ai.ml.constants import AssetTypes
        from azure.ai.ml.entities import Model

        client = self._clients.workspace("development")
        number = 1 + max((int(str(found.version)) for found in self._list(client, name)), default=0)
        wanted = Model(name=name, version=str(number), path=str(model), type=AssetTypes.MLFLOW_MODEL, tags=dict(tags))
        with told("create", f"model {name}:{number}"):
            made: Model = client.models.create_or_update(wanted)
        return made

    def _share(self, made: Model) -> None:
        """Into the registry, by version, with the tags and what it runs in. Nothing happens to what is there."""
        Environments(self._clients).share("scoring")
        registry = self._clients.registry("development")
        if registry is None:
            return
        name, version = str(made.name), str(made.version)
        try:
            with told("get", f"model {name}:{version}"):
                registry.models.get(name, version)
        except NotFound:
            with told("share", f"model {name}:{version}"):
                where = {"registry_name": str(self._clients.settings.registry)}
                where |= {"share_with_name": name, "share_with_version": version}
                self._clients.workspace("development").models.share(name, version, **where)
            self._change(name, int(version), dict(made.tags or {}))

    def _get(self, name: str, version: int) -> Model:
        with told("get", f"model {name}:{version}"):
            found: Model = self._home.models.get(name, str(version))
        return found

    def _change(self, name: str, version: int, tags: Mapping[str, str | None]) -> None:
        """Set tags; None takes one away."""
        found = self._get(name, version)
        changed = {**(found.tags or {}), **tags}
        found.tags = {key: value for key, value in changed.items() if value is not None}
        with told("tag", f"model {name}:{version}"):
            self._home.models.create_or_update(found)


def _holders(found: list[Model]) -> dict[str, str]:
    """The version that bears each alias: of those that were given it, the last."""
    given: dict[str, list[tuple[str, str]]] = {}
    for one in found:
        for key, when in (one.tags or {}).items():
            if key.startswith(_ALIAS):
                given.setdefault(key.removeprefix(_ALIAS), []).append((str(when), str(one.version)))
    return {alias: max(times)[1] for alias, times in given.items()}


def _registered(found: Model, holders: Mapping[str, str]) -> RegisteredModel:
    """The service's version in our words."""
    tags = {str(key): str(value) for key, value in (found.tags or {}).items() if not str(key).startswith(_ALIAS)}
    made = getattr(found.creation_context, "created_at", None) or datetime.now(UTC)
    return RegisteredModel(
        name=str(found.name),
        version=int(str(found.version)),
        run_id=tags.get(RUN, ""),
        tags=tags,
        aliases=tuple(sorted(alias for alias, version in holders.items() if version == str(found.version))),
        created_at=made if made.tzinfo else made.replace(tzinfo=UTC),
    )
