"""Online deployments, managed and on Kubernetes: a model, the code that serves it, and the process that does."""

from __future__ import annotations

from starlette.responses import Response

from azureml_emulator.endpoints import KIND
from azureml_emulator.errors import not_found, user_error
from azureml_emulator.operations import Operations, State
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.serving import Serving
from azureml_emulator.store import Document
from azureml_emulator.traffic import check_name
from azureml_emulator.world import World

# What a new server is needed for when it changes.
_SERVED = ("model", "codeConfiguration", "environmentId", "environmentVariables", "dataCollector")
_DEFAULTS: Document = {
    "endpointComputeType": "Managed",
    "scaleSettings": {"scaleType": "Default"},
    "requestSettings": {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S"},
    "properties": {},
    "environmentVariables": {},
}
_MANAGED: Document = {"instanceType": "Standard_DS3_v2"}
# The SDK reads the container's resources of such a deployment without asking whether there are any.
_KUBERNETES: Document = {
    "instanceType": "defaultinstancetype",
    "containerResourceRequirements": {
        "containerResourceRequests": {"cpu": "0.1", "memory": "0.5Gi"},
        "containerResourceLimits": {"cpu": "2", "memory": "2Gi"},
    },
}


class Deployments:
    """A deployment's operation lasts until its server answers, or will not."""

    def __init__(self, world: World, operations: Operations, serving: Serving) -> None:
        self._world = world
        self._operations = operations
        self._serving = serving
        operations.watch("deployments", self._provisioning)

    def routes(self, router: Router) -> None:
        one = f"{WORKSPACE}/{KIND}/{{endpoint}}/deployments/{{name}}"
        router.add_resource(one, self._list, self._get, self._put, self._delete)
        router.add("POST", f"{one}/getLogs", self._logs)

    def _list(self, call: Call) -> Response:
        self._world.require(call.workspace, KIND, call.parts["endpoint"])
        return reply({"value": self._world.store.list(call.workspace, f"deployments/{call.parts['endpoint']}")})

    def _get(self, call: Call) -> Response:
        return reply(self._require(call))

    def _require(self, call: Call) -> Document:
        endpoint, name = call.parts["endpoint"], call.parts["name"]
        self._world.require(call.workspace, KIND, endpoint)
        found = self._world.store.get(call.workspace, f"deployments/{endpoint}", name)
        if found is None:
            raise not_found(f"{KIND}/{endpoint}/deployments/{name}")
        return found

    def _put(self, call: Call) -> Response:
        endpoint, name, body = call.parts["endpoint"], call.parts["name"], call.json()
        owner = self._world.require(call.workspace, KIND, endpoint)
        check_name(name)
        properties = {**_DEFAULTS, **{key: value for key, value in body.get("properties", {}).items() if value}}
        is_kubernetes = properties["endpointComputeType"] == "Kubernetes"
        if is_kubernetes != bool(owner["properties"].get("compute")):
            raise user_error(
                f"The endpoint '{endpoint}' does not take {properties['endpointComputeType']} deployments."
            )
        properties = {**(_KUBERNETES if is_kubernetes else _MANAGED), **properties}
        self._check_named(call.workspace, properties)
        with self._world.store.lock:
            before = self._world.store.get(call.workspace, f"deployments/{endpoint}", name)
            goes_on = before is not None and _serves_the_same(before["properties"], properties)
            properties["provisioningState"] = "Succeeded" if goes_on else "Updating" if before else "Creating"
            more = {
                "tags": body.get("tags") or {},
                "location": self._world.settings.region,
                "kind": "K8S" if is_kubernetes else "Managed",
            }
            more["sku"] = {"name": "Default", "tier": "Standard", "capacity": 1, **(body.get("sku") or {})}
            path = f"{KIND}/{endpoint}/deployments/{name}"
            deployment = self._world.resource(call.workspace, path, properties, **more)
            self._world.store.put(call.workspace, f"deployments/{endpoint}", name, deployment)
        if not goes_on:
            self._serving.start(call.workspace, endpoint, deployment)
        headers = self._operations.begin(call.workspace, "deployments", f"{endpoint}/{name}")
        return reply(deployment, 200 if before else 201, headers)

    def _check_named(self, workspace: str, properties: Document) -> None:
        """The model and the environment must be there."""
        for kind, asset in (("models", properties.get("model")), ("environments", properties.get("environmentId"))):
            parts = (asset or "").split("/")
            if len(parts) > 4 and parts[-2] == "versions" and "registries" not in parts:
                found = self._world.store.get(workspace, f"{kind}/{parts[-3]}", parts[-1])
                if found is None:
                    raise not_found(f"{kind}/{parts[-3]}/versions/{parts[-1]}")

    def _delete(self, call: Call) -> Response:
        endpoint, name = call.parts["endpoint"], call.parts["name"]
        with self._world.store.lock:
            owner = self._world.require(call.workspace, KIND, endpoint)
            traffic = owner["properties"]
            if traffic["traffic"].get(name, 0) or traffic["mirrorTraffic"].get(name, 0):
                raise user_error(f"The deployment '{name}' has traffic and cannot be deleted. Set it to 0 first.")
            if not self._world.store.delete(call.workspace, f"deployments/{endpoint}", name):
                return empty(204)
            for shares in (traffic["traffic"], traffic["mirrorTraffic"]):
                shares.pop(name, None)
            self._world.store.put(call.workspace, KIND, endpoint, owner)
        self._serving.stop(call.workspace, endpoint, name)
        return empty(202, self._operations.begin(call.workspace, "deletions", name))

    def _logs(self, call: Call) -> Response:
        self._require(call)
        lines = call.json().get("tail")
        return reply({"content": self._serving.log(call.workspace, call.parts["endpoint"], call.parts["name"], lines)})

    def _provisioning(self, workspace: str, path: str) -> State:
        endpoint, _, name = path.partition("/")
        deployment = self._world.store.get(workspace, f"deployments/{endpoint}", name)
        if deployment is None:
            return "Failed", f"The deployment '{name}' was deleted."
        state = deployment["properties"]["provisioningState"]
        if state in ("Creating", "Updating"):
            return "InProgress", ""
        return state, deployment["properties"].get("reason", "")


def _serves_the_same(before: Document, after: Document) -> bool:
    return before["provisioningState"] != "Failed" and all(before.get(key) == after.get(key) for key in _SERVED)
