"""Which server stands behind which deployment, and what each is started with."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

from azureml_emulator.assets import Assets
from azureml_emulator.data_collector import DataCollector, configuration
from azureml_emulator.locations import Locations
from azureml_emulator.registry_references import RegistryReferences
from azureml_emulator.servers import Server
from azureml_emulator.store import Document
from azureml_emulator.world import World

_LOG_LINES = 200


class Serving:
    """Servers by workspace, endpoint and deployment; a deployment's document is told whether its server answers."""

    def __init__(
        self,
        world: World,
        assets: Assets,
        locations: Locations,
        references: RegistryReferences,
        collect_seconds: float = 1.0,
        least_seconds: float = 0.0,
    ) -> None:
        self._world = world
        self._assets = assets
        self._locations = locations
        self._references = references
        self._collect_seconds = collect_seconds
        self._least_seconds = least_seconds
        self._servers: dict[tuple[str, str, str], Server] = {}
        self._collectors: dict[tuple[str, str, str], DataCollector] = {}
        self._lock = threading.RLock()

    def resume(self) -> None:
        """Start what was served before the emulator last ended."""
        for workspace in self._world.settings.workspaces:
            for endpoint in self._world.store.list(workspace, "onlineEndpoints"):
                for deployment in self._world.store.list(workspace, f"deployments/{endpoint['name']}"):
                    if deployment["properties"]["provisioningState"] != "Failed":
                        self.start(workspace, endpoint["name"], deployment)

    def start(self, workspace: str, endpoint: str, deployment: Document) -> None:
        """Serve a deployment, in the place of what served it before."""
        name = deployment["name"]
        self.stop(workspace, endpoint, name)
        collector = self._collector(workspace, endpoint, deployment)
        server = self._server(workspace, endpoint, deployment, collector.environment if collector else {})
        with self._lock:
            self._servers[workspace, endpoint, name] = server
            if collector is not None:
                self._collectors[workspace, endpoint, name] = collector

        def tell(state: str, reason: str = "") -> None:
            with self._lock:
                if self._servers.get((workspace, endpoint, name)) is server:
                    self._tell(workspace, endpoint, name, state, reason)

        server.start(lambda: tell("Succeeded"), lambda reason: tell("Failed", reason))

    def stop(self, workspace: str, endpoint: str, name: str) -> None:
        with self._lock:
            server = self._servers.pop((workspace, endpoint, name), None)
            collector = self._collectors.pop((workspace, endpoint, name), None)
        if server is not None:
            server.stop()
        if collector is not None:  # after the server, which hands over its last payloads when it ends
            collector.close()

    def stop_all(self) -> None:
        for workspace, endpoint, name in list(self._servers):
            self.stop(workspace, endpoint, name)

    def address(self, workspace: str, endpoint: str, name: str) -> str | None:
        """Where its server answers, if there is one."""
        server = self._servers.get((workspace, endpoint, name))
        return f"http://127.0.0.1:{server.port}" if server is not None and server.port else None

    def process(self, workspace: str, endpoint: str, name: str) -> int | None:
        """The id of its server's first process, if there is one."""
        server = self._servers.get((workspace, endpoint, name))
        return server.pid if server is not None else None

    def log(self, workspace: str, endpoint: str, name: str, lines: int | None) -> str:
        """The last lines that the server wrote."""
        server = self._servers.get((workspace, endpoint, name))
        if server is None or not server.log.exists():
            return ""
        text = server.log.read_text(errors="replace").splitlines(keepends=True)
        return "".join(text[-(lines or _LOG_LINES) :])

    def _collector(self, workspace: str, endpoint: str, deployment: Document) -> DataCollector | None:
        properties = deployment["properties"]
        config = configuration(properties)
        if config is None:
            return None
        settings = self._world.settings
        folder = settings.state / "collectors" / workspace / endpoint / f"{deployment['name']}-{uuid4().hex[:8]}"
        place = self._locations.find(workspace, "azureml://datastores/workspaceblobstore/paths/")
        return DataCollector(
            source=f"{settings.workspace_id(workspace)}/onlineEndpoints/{endpoint}/deployments/{deployment['name']}",
            config=config,
            rolled=properties["dataCollector"].get("rollingRate") or "Hour",
            folder=folder,
            put=lambda name, file: self._world.blobs.put(place.container, name, file),
            address=place.container.url(),
            seconds=self._collect_seconds,
        )

    def _server(self, workspace: str, endpoint: str, deployment: Document, collector: dict[str, str]) -> Server:
        settings, properties = self._world.settings, deployment["properties"]
        folder = settings.state / "serving" / workspace / endpoint / f"{deployment['name']}-{uuid4().hex[:8]}"
        code = properties.get("codeConfiguration") or {}
        words = {
            "model_dir": str(folder / "model"),
            "app_root": str(folder / "code"),
            "entry_script": code.get("scoringScript") or "",
        }
        environment = {
            **self._world.base_environment(),
            "AZUREML_MODEL_DIR": words["model_dir"],
            "AML_APP_ROOT": words["app_root"],
            "AZUREML_ENTRY_SCRIPT": words["entry_script"],
            **collector,
            **{key: str(value) for key, value in (properties.get("environmentVariables") or {}).items()},
        }

        def prepare() -> None:
            self._references.pull(workspace, endpoint, deployment, folder / "server.log")
            if settings.serve is None:
                raise RuntimeError("The emulator was started without --serve, the command that serves a model.")
            self._fetch(workspace, properties.get("model"), folder / "model", "models")
            self._fetch(workspace, code.get("codeId"), folder / "code", "codes")

        return Server(
            settings.serve or "", folder, environment, words, prepare, settings.start_limit, self._least_seconds
        )

    def _fetch(self, workspace: str, asset: str | None, target: Path, kind: str) -> None:
        """An asset's blobs; a model's folder keeps its own name below the target, as in the service's container."""
        target.mkdir(parents=True, exist_ok=True)
        if not asset:
            return
        place = self._locations.find(workspace, asset, kind)
        name = place.path.rstrip("/").rpartition("/")[2]
        names = self._world.blobs.list(place.container, place.path.strip("/"))
        is_file = names == [place.path.strip("/")]
        folder = target / name if kind == "models" and not is_file else target
        if self._world.blobs.download(place.container, place.path, folder) == 0:
            raise FileNotFoundError(f"{asset} has no blobs.")

    def _tell(self, workspace: str, endpoint: str, name: str, state: str, reason: str) -> None:
        with self._world.store.lock:
            deployment = self._world.store.get(workspace, f"deployments/{endpoint}", name)
            if deployment is not None:
                changes: dict[str, Any] = {"provisioningState": state, "reason": reason}
                deployment["properties"] = {**deployment["properties"], **changes}
                self._world.store.put(workspace, f"deployments/{endpoint}", name, deployment)
