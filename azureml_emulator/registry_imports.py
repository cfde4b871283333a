"""`share`: an asset of a workspace is copied, with its bytes, into a registry's own storage."""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from starlette.responses import Response

from azureml_emulator.access import Access
from azureml_emulator.assets import Assets
from azureml_emulator.errors import ServiceError, not_found, user_error
from azureml_emulator.locations import Location, Locations
from azureml_emulator.operations import Operations, State
from azureml_emulator.registries import Registries
from azureml_emulator.roles import WORKSPACE
from azureml_emulator.routing import REGISTRY, Call, Router, empty
from azureml_emulator.store import Document
from azureml_emulator.workspaces import workspace_guid
from azureml_emulator.world import World

_SOURCE = re.compile(r"azureml://locations/[^/]+/workspaces/([^/]+)/(models|environments)/([^/]+)/versions/([^/]+)")
_KEPT = ("description", "tags", "properties", "flavors", "modelType", "image", "condaFile", "osType", "inferenceConfig")


@dataclass(frozen=True)
class _Import:
    """One copy: from where, to where, and for environments without content no place."""

    scope: str
    kind: str
    name: str
    version: str
    source: Document
    content: Location | None


class RegistryImports:
    """Long operations whose last GET has no body: clients then ask for the asset itself."""

    def __init__(
        self,
        world: World,
        access: Access,
        assets: Assets,
        locations: Locations,
        operations: Operations,
        registries: Registries,
    ) -> None:
        self._world = world
        self._access = access
        self._assets = assets
        self._locations = locations
        self._operations = operations
        self._registries = registries
        self._running: set[str] = set()
        operations.watch("imports", self._state)

    def routes(self, router: Router) -> None:
        router.add("POST", f"{REGISTRY}/import", self._begin)

    def _begin(self, call: Call) -> Response:
        wanted = self._read(call)
        before = self._world.store.get(call.scope, f"{wanted.kind}/{wanted.name}", wanted.version)
        if before is not None and not self._is_the_same(wanted, before):
            what = f"{wanted.kind}/{wanted.name}/versions/{wanted.version}"
            raise ServiceError(409, "Conflict", f"The asset {what} already exists in the registry with other content.")
        identifier = str(uuid4())
        self._tell(call.scope, identifier, "InProgress" if before is None else "Succeeded")
        if before is None:
            self._running.add(identifier)
            threading.Thread(target=self._run, args=(identifier, wanted), daemon=True).start()
        status = self._operations.begin(call.scope, "imports", identifier)
        return empty(202, status | self._operations.begin_result(call.scope, "imports", identifier))

    def _read(self, call: Call) -> _Import:
        """The source as the caller may see it: by the workspace's guid, as the SDK names it."""
        properties = call.json().get("properties", {})
        match = _SOURCE.fullmatch(properties.get("sourceAssetId", ""))
        if match is None:
            raise user_error(f"The asset id {properties.get('sourceAssetId')!r} cannot be imported.")
        guid, kind, name, version = match.groups()
        workspaces = [known for known in self._world.settings.workspaces if workspace_guid(self._world, known) == guid]
        if not workspaces:
            raise not_found(f"workspaces/{guid}")
        self._access.check(call, WORKSPACE, workspaces[0], False, f"workspaces/{kind}/versions/read")
        source = self._assets.get(workspaces[0], kind, name, version)
        target = properties.get("destinationName") or name, properties.get("destinationVersion") or version
        return _Import(call.scope, kind, *target, source["properties"], self._content(workspaces[0], kind, source))

    def _content(self, workspace: str, kind: str, source: Document) -> Location | None:
        """A model's files; an environment's build context, if it is built from one."""
        properties = source["properties"]
        uri = properties["modelUri"] if kind == "models" else (properties.get("build") or {}).get("contextUri")
        return self._locations.find(workspace, uri) if uri else None

    def _run(self, identifier: str, wanted: _Import) -> None:
        state, reason = "Succeeded", ""
        try:
            self._copy(wanted)
        except Exception as error:
            state, reason = "Failed", str(error)
        self._tell(wanted.scope, identifier, state, reason)
        self._running.discard(identifier)

    def _copy(self, wanted: _Import) -> None:
        properties = {key: wanted.source[key] for key in _KEPT if key in wanted.source}
        digest = _words(wanted.source)
        if wanted.content is not None:
            uri, digest = self._copy_content(wanted, wanted.content)
            if wanted.kind == "models":
                properties["modelUri"] = uri
            else:
                properties["build"] = {**wanted.source["build"], "contextUri": uri}
        self._assets.create(wanted.scope, wanted.kind, wanted.name, wanted.version, {"properties": properties})
        made = f"{wanted.kind}/{wanted.name}/{wanted.version}"
        self._world.store.put(wanted.scope, "digests", made, {"digest": digest})

    def _copy_content(self, wanted: _Import, content: Location) -> tuple[str, str]:
        """Into a container of its own, below the last part of the path it had; its address and digest."""
        name = content.path.rstrip("/").rpartition("/")[2]
        with self._fetched(content) as fetched:
            folder, digest = Path(fetched), _digest(Path(fetched))
            container = self._registries.new_container(wanted.scope)
            if [path.name for path in folder.iterdir()] == [name] and (folder / name).is_file():
                self._world.blobs.put(container, name, folder / name)
            else:
                self._world.blobs.upload(container, name, folder)
        return container.url(name), digest

    def _fetched(self, content: Location) -> tempfile.TemporaryDirectory[str]:
        folder = tempfile.TemporaryDirectory(dir=self._world.settings.state)
        if self._world.blobs.download(content.container, content.path, Path(folder.name)) == 0:
            folder.cleanup()
            raise user_error(f"There are no blobs at {content.container.url(content.path)}.")
        return folder

    def _is_the_same(self, wanted: _Import, before: Document) -> bool:
        known = self._world.store.get(wanted.scope, "digests", f"{wanted.kind}/{wanted.name}/{wanted.version}")
        if known is None:  # uploaded to the registry itself
            return False
        if wanted.content is None:
            return bool(known["digest"] == _words(before["properties"]) == _words(wanted.source))
        with self._fetched(wanted.content) as folder:
            return bool(known["digest"] == _digest(Path(folder)))

    def _tell(self, scope: str, identifier: str, state: str, reason: str = "") -> None:
        self._world.store.put(scope, "imports", identifier, {"state": state, "reason": reason})

    def _state(self, scope: str, identifier: str) -> State:
        found = self._world.require(scope, "imports", identifier)
        if found["state"] == "InProgress" and identifier not in self._running:
            found = self._world.require(scope, "imports", identifier)  # it may have ended between the two looks
            if found["state"] == "InProgress":
                return "Failed", "The import was interrupted."
        return found["state"], found["reason"]


def _words(properties: Document) -> str:
    """What an environment is, where it has no files."""
    return hashlib.sha256(repr([properties.get("image"), properties.get("condaFile") or None]).encode()).hexdigest()


def _digest(folder: Path) -> str:
    """Over names and bytes of all files."""
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        total.update(f"{file.relative_to(folder).as_posix()}\0{digest}\n".encode())
    return total.hexdigest()
