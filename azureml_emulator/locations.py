"""Where in the blob store an asset, a job's output or a URI lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from azureml_emulator.accounts import Container
from azureml_emulator.assets import Assets
from azureml_emulator.errors import user_error
from azureml_emulator.job_outputs import in_datastore, settled
from azureml_emulator.store import Document
from azureml_emulator.world import World

_ARM_ASSET = re.compile(r".*/(?P<kind>data|models|codes)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)/?", re.IGNORECASE)
_SHORT = re.compile(r"azureml:(?P<name>[^/:@]+)(?::(?P<version>[^/]+)|@latest)")
_REGISTRY = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/(?P<kind>data|models|codes)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)/?"
)
_CONTENT = {"data": "dataUri", "models": "modelUri", "codes": "codeUri"}


@dataclass(frozen=True)
class Location:
    """A blob, or all blobs below a path."""

    container: Container
    path: str


class Locations:
    """Follows names to blobs, as far as they lead."""

    def __init__(self, world: World, assets: Assets) -> None:
        self._world = world
        self._assets = assets

    def find(self, workspace: str, uri: str, kind: str = "data") -> Location:
        """Where a URI of any form leads; a short name means an asset of `kind`."""
        place = in_datastore(settled(self._world, workspace, uri))
        if place is not None:
            store = self._world.require(workspace, "datastores", place[0])
            return Location(container_of(store), place[1])
        if match := _REGISTRY.fullmatch(uri):
            return self._asset(f"registry:{match['registry']}", match["kind"], match["name"], match["version"])
        if match := _ARM_ASSET.fullmatch(uri):
            return self._asset(workspace, match["kind"].lower(), match["name"], match["version"])
        if match := _SHORT.fullmatch(uri):
            return self._asset(workspace, kind, match["name"], match["version"])
        parts = urlsplit(uri)
        account = self._world.accounts.at(parts.hostname or "")
        if account is not None:
            container, _, path = parts.path.lstrip("/").partition("/")
            place = (parts.username, parts.path) if parts.username else (container, path)
            return Location(Container(account.name, place[0]), unquote(place[1]))
        raise user_error(f"The URI {uri!r} does not lead to a storage account that there is.")

    def _asset(self, workspace: str, kind: str, name: str, version: str | None) -> Location:
        if version is None:
            newest = self._world.store.list(workspace, f"{kind}/{name}")
            version = newest[-1]["name"] if newest else "?"
        properties = self._assets.get(workspace, kind, name, version)["properties"]
        return self.find(workspace, properties[_CONTENT[kind]])


def container_of(datastore: Document) -> Container:
    """Where a datastore's blobs lie."""
    properties = datastore["properties"]
    return Container(properties.get("accountName", ""), properties.get("containerName", ""))
