"""Online endpoints, managed and on Kubernetes: their traffic and their keys."""

from __future__ import annotations

import secrets
import time
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from azureml_emulator.errors import not_found, user_error
from azureml_emulator.operations import Operations
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.serving import Serving
from azureml_emulator.store import Document
from azureml_emulator.tokens import LIFETIME_SECONDS
from azureml_emulator.traffic import check_name, check_traffic
from azureml_emulator.world import World

KIND = "onlineEndpoints"


class Endpoints:
    """Endpoints are provisioned at once; their operations are told as long-running ones all the same."""

    def __init__(self, world: World, operations: Operations, serving: Serving) -> None:
        self._world = world
        self._operations = operations
        self._serving = serving

    def routes(self, router: Router) -> None:
        one = f"{WORKSPACE}/{KIND}/{{name}}"
        router.add_resource(one, self._list, self._get, self._put, self._delete)
        router.add("POST", f"{one}/listKeys", self._keys)
        router.add("POST", f"{one}/regenerateKeys", self._regenerate)
        router.add("POST", f"{one}/token", self._token)

    def _list(self, call: Call) -> Response:
        return reply({"value": self._world.store.list(call.workspace, KIND)})

    def _get(self, call: Call) -> Response:
        return reply(self._world.require(call.workspace, KIND, call.parts["name"]))

    def _put(self, call: Call) -> Response:
        name, body = call.parts["name"], call.json()
        with self._world.store.lock:
            before = self._world.store.get(call.workspace, KIND, name)
            endpoint = self._described(call.workspace, name, body, before)
            self._world.store.put(call.workspace, KIND, name, endpoint)
            if before is None:
                self._world.store.put(call.workspace, "endpointKeys", name, _new_keys())
        headers = self._operations.begin(call.workspace, "endpoints", name)
        return reply(endpoint, 201 if before is None else 200, headers)

    def _described(self, workspace: str, name: str, body: Document, before: Document | None) -> Document:
        check_name(name)
        if before is None and any(self._world.store.get(other, KIND, name) for other in self._others(workspace)):
            raise user_error(f"The endpoint name '{name}' is already taken in this region.")
        properties = {key: value for key, value in body.get("properties", {}).items() if value is not None}
        live, mirrored = properties.get("traffic") or {}, properties.get("mirrorTraffic") or {}
        compute = properties.get("compute")
        if compute:
            self._check_kubernetes(workspace, compute, mirrored)
        known = self._world.store.list(workspace, f"deployments/{name}")
        check_traffic(live, mirrored, {deployment["name"] for deployment in known})
        host = f"https://{name}.{self._world.settings.region}.inference.ml.azure.com"
        given = {
            "authMode": "Key",
            "publicNetworkAccess": "Enabled",
            **properties,
            "properties": {
                **(properties.get("properties") or {}),
                "azureml.onlineendpointid": f"{self._world.settings.workspace_id(workspace)}/{KIND}/{name}".lower(),
            },
            "traffic": live,
            "mirrorTraffic": mirrored,
            "scoringUri": f"{host}/score",
            "swaggerUri": f"{host}/swagger.json",
            "provisioningState": "Succeeded",
        }
        given.pop("keys", None)
        more = {
            "tags": body.get("tags") or {},
            "location": self._world.settings.region,
            "kind": "K8S" if compute else "Managed",
        }
        owner = str(uuid5(NAMESPACE_URL, f"{self._world.settings.workspace_id(workspace)}/{KIND}/{name}"))
        known_as = {"principalId": owner, "tenantId": self._world.settings.tenant}
        identity = {**known_as, **(body.get("identity") or {"type": "SystemAssigned"})}
        return self._world.resource(workspace, f"{KIND}/{name}", given, identity=identity, **more)

    def _check_kubernetes(self, workspace: str, compute: str, mirrored: dict[str, int]) -> None:
        """The cluster must be attached; there is no mirror there."""
        found = self._world.store.get(workspace, "computes", compute.rpartition("/")[2].removeprefix("azureml:"))
        if found is None or found["properties"].get("computeType") != "Kubernetes":
            raise user_error(f"The compute '{compute}' is not an attached Kubernetes cluster.")
        if any(mirrored.values()):
            raise user_error("Traffic cannot be mirrored on Kubernetes endpoints.")

    def _others(self, workspace: str) -> list[str]:
        return [name for name in self._world.settings.workspaces if name != workspace]

    def _delete(self, call: Call) -> Response:
        name = call.parts["name"]
        for deployment in self._world.store.list(call.workspace, f"deployments/{name}"):
            self._serving.stop(call.workspace, name, deployment["name"])
            self._world.store.delete(call.workspace, f"deployments/{name}", deployment["name"])
        self._world.store.delete(call.workspace, "endpointKeys", name)
        if not self._world.store.delete(call.workspace, KIND, name):
            return empty(204)
        return empty(202, self._operations.begin(call.workspace, "", name))

    def _keys(self, call: Call) -> Response:
        keys = self._world.store.get(call.workspace, "endpointKeys", call.parts["name"])
        if keys is None:
            raise not_found(f"{KIND}/{call.parts['name']}")
        return reply(keys)

    def _regenerate(self, call: Call) -> Response:
        self._get(call)
        which = "secondaryKey" if call.json().get("keyType", "").lower() == "secondary" else "primaryKey"
        with self._world.store.lock:
            keys = self._world.store.get(call.workspace, "endpointKeys", call.parts["name"]) or _new_keys()
            wanted = call.json().get("keyValue")  # the SDK sends the old one with its wish for a new one
            keys[which] = wanted if wanted and wanted != keys[which] else secrets.token_hex(16)
            self._world.store.put(call.workspace, "endpointKeys", call.parts["name"], keys)
        return empty(202, self._operations.begin_result(call.workspace, "", call.parts["name"]))

    def _token(self, call: Call) -> Response:
        self._get(call)
        token = self._world.tokens.issue(call.client, "https://ml.azure.com")
        expiry = int(time.time()) + LIFETIME_SECONDS
        more = {"expiryTimeUtc": expiry, "refreshAfterTimeUtc": expiry - LIFETIME_SECONDS // 2}
        return reply({"accessToken": token, "tokenType": "Bearer", **more})


def _new_keys() -> Document:
    return {"primaryKey": secrets.token_hex(16), "secondaryKey": secrets.token_hex(16)}
