"""Compute targets: clusters and attached Kubernetes are remembered; jobs run on this machine whatever they name."""

from __future__ import annotations

from starlette.responses import Response

from azureml_emulator.operations import Operations
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.store import Document
from azureml_emulator.world import World, timestamp


class Computes:
    """Created at once, and told of by an operation as the service does."""

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations

    def routes(self, router: Router) -> None:
        one = f"{WORKSPACE}/computes/{{name}}"
        router.add_resource(one, self._list, self._get, self._put, self._delete)
        router.add("PATCH", one, self._put)

    def _list(self, call: Call) -> Response:
        return reply({"value": self._world.store.list(call.workspace, "computes")})

    def _get(self, call: Call) -> Response:
        return reply(self._world.require(call.workspace, "computes", call.parts["name"]))

    def _put(self, call: Call) -> Response:
        name, body = call.parts["name"], call.json()
        properties = {**body.get("properties", {}), "provisioningState": "Succeeded", "provisioningErrors": None}
        properties["properties"] = {**_idle(properties), **(properties.get("properties") or {})}
        before = self._world.store.get(call.workspace, "computes", name)
        begun = before["properties"].get("createdOn") if before else None
        region, now = self._world.settings.region, timestamp()
        properties |= {"createdOn": begun or now, "modifiedOn": now, "computeLocation": region}
        given = {key: body[key] for key in ("location", "tags", "identity") if key in body}
        more = {"location": region, "tags": {}, **given}
        compute: Document = self._world.resource(call.workspace, f"computes/{name}", properties, **more)
        self._world.store.put(call.workspace, "computes", name, compute)
        headers = self._operations.begin(call.workspace, "", name)
        return reply(compute, 200 if before else 201, headers)

    def _delete(self, call: Call) -> Response:
        if not self._world.store.delete(call.workspace, "computes", call.parts["name"]):
            return empty(204)
        return empty(202, self._operations.begin(call.workspace, "", call.parts["name"]))


def _idle(properties: Document) -> Document:
    """What the service says of a cluster that nothing runs on."""
    if properties.get("computeType") != "AmlCompute":
        return {}
    counts = ("idle", "leaving", "preempted", "preparing", "running", "unusable")
    return {
        "allocationState": "Steady",
        "allocationStateTransitionTime": timestamp(),
        "currentNodeCount": 0,
        "targetNodeCount": 0,
        "nodeStateCounts": {f"{count}NodeCount": 0 for count in counts},
    }
