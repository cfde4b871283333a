"""Versioned assets: data, models, environments, codes and components are one thing under five names."""

from __future__ import annotations

import re
from itertools import product
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from azureml_emulator.accounts import Container
from azureml_emulator.errors import ServiceError, not_found
from azureml_emulator.job_outputs import job_of, settled
from azureml_emulator.routing import REGISTRY, WORKSPACE, Call, Router, empty, reply
from azureml_emulator.sas import container_signature
from azureml_emulator.store import Document
from azureml_emulator.world import World

KINDS = ("data", "models", "environments", "codes", "components")
# What may not change once a version is there.
_FIXED = {"data": "dataUri", "models": "modelUri", "codes": "codeUri", "environments": "image"}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "data": {"dataType": "uri_folder"},
    "models": {"modelType": "custom_model", "flavors": {}, "stage": None},
    "environments": {"environmentType": "UserCreated", "osType": "Linux"},
    "codes": {},
    "components": {},
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,254}")


class Assets:
    """Containers and their versions; the container says which version is the newest and which the next."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self, router: Router) -> None:
        for base, kind in product((WORKSPACE, REGISTRY), KINDS):
            one = f"{base}/{kind}/{{name}}"
            router.add("GET", f"{base}/{kind}", self._for(kind, "_containers"))
            router.add("GET", one, self._for(kind, "_container"))
            router.add("PUT", one, self._for(kind, "_put_container"))
            router.add("GET", f"{one}/versions", self._for(kind, "_versions"))
            router.add("GET", f"{one}/versions/{{version}}", self._for(kind, "_version"))
            router.add("PUT", f"{one}/versions/{{version}}", self._for(kind, "_put_version"))
            router.add("DELETE", f"{one}/versions/{{version}}", self._for(kind, "_delete_version"))
            router.add("POST", f"{one}/versions/{{version}}/startPendingUpload", self._pending_upload)

    def create(self, workspace: str, kind: str, name: str, version: str, body: Document) -> tuple[Document, bool]:
        """Write a version; whether it is a new one. A version's content never changes, its words may."""
        if not _NAME.fullmatch(name):
            raise ServiceError(400, "UserError", f"The asset name {name!r} is not valid.")
        properties = {**_DEFAULTS[kind], "isArchived": False, "isAnonymous": False, **body.get("properties", {})}
        properties = {key: value for key, value in properties.items() if value is not None or key == "stage"}
        fixed = _FIXED.get(kind, "")
        if kind in ("data", "models") and fixed in properties:
            properties["jobName"] = job_of(properties[fixed]) or properties.get("jobName")
            properties[fixed] = settled(self._world, workspace, properties[fixed])
        with self._world.store.lock:
            before = self._world.store.get(workspace, f"{kind}/{name}", version)
            if before is not None and before["properties"].get(fixed) != properties.get(fixed):
                raise ServiceError(400, "UserError", "Asset paths cannot be updated.")
            properties["provisioningState"] = "Succeeded"
            resource = self._world.resource(workspace, f"{kind}/{name}/versions/{version}", properties)
            if before is not None:
                resource["systemData"]["createdAt"] = before["systemData"]["createdAt"]
            self._world.store.put(workspace, f"{kind}/{name}", version, resource)
            if self._world.store.get(workspace, kind, name) is None:
                self._world.store.put(workspace, kind, name, self._new_container(workspace, kind, name, properties))
        return resource, before is None

    def get(self, workspace: str, kind: str, name: str, version: str) -> Document:
        """A version that must be there."""
        found = self._world.store.get(workspace, f"{kind}/{name}", version)
        if found is None:
            raise not_found(f"{kind}/{name}/versions/{version}")
        return found

    def next_version(self, workspace: str, kind: str, name: str) -> str:
        """One more than the highest number that is a version."""
        versions = [found["name"] for found in self._world.store.list(workspace, f"{kind}/{name}")]
        return str(max((int(version) for version in versions if version.isdigit()), default=0) + 1)

    def _for(self, kind: str, method: str) -> Any:
        handler = getattr(self, method)
        return lambda call: handler(call, kind)

    def _new_container(self, workspace: str, kind: str, name: str, properties: Document) -> Document:
        kept = {key: properties[key] for key in ("dataType",) if key in properties}
        return self._world.resource(workspace, f"{kind}/{name}", {"isArchived": False, "tags": {}, **kept})

    def _described(self, workspace: str, kind: str, container: Document) -> Document:
        name = container["name"]
        versions = self._world.store.list(workspace, f"{kind}/{name}")
        newest = max(versions, key=lambda found: found["systemData"]["createdAt"])["name"] if versions else None
        following = {"latestVersion": newest, "nextVersion": self.next_version(workspace, kind, name)}
        return {**container, "properties": {**container["properties"], **following}}

    def _containers(self, call: Call, kind: str) -> Response:
        found = _of_view(self._world.store.list(call.scope, kind), call)
        return reply({"value": [self._described(call.scope, kind, container) for container in found]})

    def _container(self, call: Call, kind: str) -> Response:
        container = self._world.require(call.scope, kind, call.parts["name"])
        return reply(self._described(call.scope, kind, container))

    def _put_container(self, call: Call, kind: str) -> Response:
        name = call.parts["name"]
        properties = {"isArchived": False, "tags": {}, **call.json().get("properties", {})}
        container = self._world.resource(call.scope, f"{kind}/{name}", properties)
        self._world.store.put(call.scope, kind, name, container)
        return reply(self._described(call.scope, kind, container))

    def _versions(self, call: Call, kind: str) -> Response:
        """The newest first; `hash` finds a code that was uploaded before."""
        found = self._world.store.list(call.scope, f"{kind}/{call.parts['name']}")
        if "hash" in call.query:
            return reply({"value": self._with_hash(call.scope, call.query["hash"])})
        found = _of_view(found, call)
        found.sort(key=lambda version: version["systemData"]["createdAt"], reverse=True)
        top = call.query.get("$top")
        return reply({"value": found[: int(top)] if top else found})

    def _with_hash(self, workspace: str, wanted: str) -> list[Document]:
        """Codes are looked for under whatever name: the SDK asks with a random one."""
        containers = self._world.store.list(workspace, "codes")
        versions = [
            found for code in containers for found in self._world.store.list(workspace, f"codes/{code['name']}")
        ]
        return [found for found in versions if found["properties"].get("properties", {}).get("hash_sha256") == wanted]

    def _version(self, call: Call, kind: str) -> Response:
        return reply(self.get(call.scope, kind, call.parts["name"], call.parts["version"]))

    def _put_version(self, call: Call, kind: str) -> Response:
        parts = call.parts
        resource, is_new = self.create(call.scope, kind, parts["name"], parts["version"], call.json())
        return reply(resource, 201 if is_new else 200)

    def _delete_version(self, call: Call, kind: str) -> Response:
        found = self._world.store.delete(call.scope, f"{kind}/{call.parts['name']}", call.parts["version"])
        return empty(200 if found else 204)

    def _pending_upload(self, call: Call) -> Response:
        """A container of its own, and a signature to fill it."""
        account, container = self._world.accounts.of_scope(call.scope), f"pending-{uuid4().hex}"
        self._world.blobs.create_container(Container(account.name, container))
        uri = f"https://{account.host}:443/{container}"
        signature = container_signature(account, container)
        reference = {
            "blobUri": uri,
            "storageAccountArmId": "",
            "credential": {"credentialType": "SAS", "sasUri": f"{uri}?{signature}"},
        }
        body = {"pendingUploadId": str(uuid4()), "pendingUploadType": "TemporaryBlobReference"}
        return reply({**body, "blobReferenceForConsumption": reference})


def _of_view(found: list[Document], call: Call) -> list[Document]:
    """Archived or not, as `listViewType` says."""
    view = call.query.get("listViewType", "ActiveOnly")
    wanted = {"ActiveOnly": (False,), "ArchivedOnly": (True,)}.get(view, (False, True))
    return [resource for resource in found if resource["properties"].get("isArchived", False) in wanted]
