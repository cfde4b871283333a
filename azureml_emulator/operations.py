"""Long-running operations: what a client polls until the service has done what it was asked.

They take no longer than what is done here takes, unless the emulator was told how long the service takes: then
they last so long at least, and clients are not told to ask more often than they would ask the service.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from uuid import uuid4

from starlette.responses import Response

from azureml_emulator.errors import ServiceError
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.store import Document
from azureml_emulator.world import World, timestamp

_HOST = "https://management.azure.com"
# How long clients wait between two looks; without the header they wait half a minute.
_PACE = {"retry-after-ms": "50"}

# The state of a resource that is being provisioned: "InProgress", "Succeeded" or "Failed", and why.
State = tuple[str, str]


class Operations:
    """An operation remembers the resource it is about; its state is asked of who provisions that resource."""

    def __init__(self, world: World, takes: Mapping[str, float]) -> None:
        self._world = world
        self._takes = takes
        self._watchers: dict[str, Callable[[str, str], State]] = {}

    def watch(self, kind: str, state: Callable[[str, str], State]) -> None:
        """Who knows of a kind of resource: called with workspace and name."""
        self._watchers[kind] = state

    def begin(self, workspace: str, kind: str, name: str) -> dict[str, str]:
        """Headers of the answer that begins an operation on a resource, of a kind that is watched or else done."""
        operation = str(uuid4())
        self._remember(workspace, operation, kind, name)
        location = f"{self._base(workspace)}/mfeOperationsStatus/{operation}"
        return {"Azure-AsyncOperation": location, "x-ms-async-operation-timeout": "PT1H", **self._pace(kind)}

    def begin_result(self, workspace: str, kind: str, name: str) -> dict[str, str]:
        """The same for operations that are polled at a `Location` until it no longer answers 202."""
        operation = str(uuid4())
        self._remember(workspace, operation, kind, name)
        return {"Location": f"{self._base(workspace)}/mfeOperationResults/{operation}", **_PACE}

    def routes(self, router: Router) -> None:
        group = WORKSPACE.replace("/resourceGroups/{group}", "").rpartition("/workspaces")[0]
        one = f"{group}/locations/{{location}}/workspaces/{{owner}}"
        router.add("GET", f"{one}/mfeOperationsStatus/{{id}}", self._get)
        router.add("GET", f"{one}/mfeOperationResults/{{id}}", self._result)

    def _base(self, workspace: str) -> str:
        settings = self._world.settings
        provider = f"/subscriptions/{settings.subscription}/providers/Microsoft.MachineLearningServices"
        return f"{_HOST}{provider}/locations/{settings.region}/workspaces/{workspace}"

    def _get(self, call: Call) -> Response:
        operation = self._world.require(call.parts["owner"], "operations", call.parts["id"])
        return reply(self._status(call.parts["owner"], operation), headers=self._pace(operation["kind"]))

    def _result(self, call: Call) -> Response:
        owner, operation = call.parts["owner"], call.parts["id"]
        status = self._status(owner, self._world.require(owner, "operations", operation))
        if status["status"] == "Failed":
            raise ServiceError(400, "UserError", status["error"]["message"])
        if status["status"] == "Succeeded":
            return empty(200)
        return empty(202, {"Location": f"{self._base(owner)}/mfeOperationResults/{operation}", **_PACE})

    def _pace(self, kind: str) -> dict[str, str]:
        return {} if kind in self._takes else _PACE

    def _remember(self, workspace: str, operation: str, kind: str, name: str) -> None:
        known = {"id": operation, "kind": kind, "name": name, "begun": timestamp()}
        due = time.time() + self._takes.get(kind, 0.0)
        self._world.store.put(workspace, "operations", operation, {**known, "due": due})

    def _status(self, workspace: str, operation: Document) -> Document:
        watcher = self._watchers.get(operation["kind"])
        state, reason = watcher(workspace, operation["name"]) if watcher else ("Succeeded", "")
        if state == "Succeeded" and time.time() < operation.get("due", 0.0):
            state = "InProgress"
        status: Document = {
            "id": f"{self._base(workspace)}/mfeOperationsStatus/{operation['id']}".removeprefix(_HOST),
            "name": operation["id"],
            "status": state,
            "startTime": operation.get("begun", timestamp()),
            "percentComplete": 0.0 if state == "InProgress" else 100.0,
        }
        if state != "InProgress":
            status["endTime"] = timestamp()
        if state == "Failed":
            status["error"] = {"code": "UserError", "message": reason, "details": []}
        return status
