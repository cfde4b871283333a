"""Schedules of jobs and of monitors: kept as they come. They do not fire by themselves; `trigger` starts the job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from azureml_emulator.errors import ServiceError, user_error
from azureml_emulator.jobs import Jobs
from azureml_emulator.operations import Operations
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.store import Document
from azureml_emulator.world import World

KIND = "schedules"
# What a job's document says that a new job must not inherit.
_OF_ONE_RUN = ("status", "services", "outputs", "error", "properties")


class Schedules:
    """A schedule's action is a job to submit (`CreateJob`) or a monitor to run (`CreateMonitor`)."""

    def __init__(self, world: World, operations: Operations, jobs: Jobs) -> None:
        self._world = world
        self._operations = operations
        self._jobs = jobs

    def routes(self, router: Router) -> None:
        one = f"{WORKSPACE}/{KIND}/{{name}}"
        router.add_resource(one, self._list, self._get, self._put, self._delete)
        router.add("POST", f"{one}/trigger", self._trigger)

    def _list(self, call: Call) -> Response:
        view = {"DisabledOnly": (False,), "All": (False, True)}.get(call.query.get("listViewType", ""), (True,))
        found = self._world.store.list(call.workspace, KIND)
        return reply({"value": [schedule for schedule in found if schedule["properties"]["isEnabled"] in view]})

    def _get(self, call: Call) -> Response:
        return reply(self._world.require(call.workspace, KIND, call.parts["name"]))

    def _put(self, call: Call) -> Response:
        name, given = call.parts["name"], call.json().get("properties", {})
        properties = {"tags": {}, "properties": {}, **{key: value for key, value in given.items() if value is not None}}
        properties["isEnabled"] = given.get("isEnabled") is not False
        properties["action"] = _checked(properties.get("action") or {})
        _check_trigger(properties.get("trigger") or {})
        properties["provisioningState"] = "Succeeded"
        is_new = self._world.store.get(call.workspace, KIND, name) is None
        schedule = self._world.resource(call.workspace, f"{KIND}/{name}", properties)
        self._world.store.put(call.workspace, KIND, name, schedule)
        return reply(schedule, 201 if is_new else 200, self._operations.begin(call.workspace, "", name))

    def _delete(self, call: Call) -> Response:
        name = call.parts["name"]
        found = self._world.store.get(call.workspace, KIND, name)
        if found is None:
            return empty(204)
        if found["properties"]["isEnabled"]:
            raise user_error(f"The schedule '{name}' is enabled; disable it before it is deleted.")
        self._world.store.delete(call.workspace, KIND, name)
        return empty(202, self._operations.begin(call.workspace, "", name))

    def _trigger(self, call: Call) -> Response:
        """Submit the job now, as if its time had come."""
        name = call.parts["name"]
        properties = self._world.require(call.workspace, KIND, name)["properties"]
        if not properties["isEnabled"]:
            raise user_error(f"The schedule '{name}' is disabled.")
        action = properties["action"]
        if action["actionType"] != "CreateJob":
            raise ServiceError(501, "NotEmulated", "Monitors are kept, not run.")
        job = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"
        told = {"azureml.scheduleName": name, "azureml.scheduleTime": str(call.json().get("scheduleTime", ""))}
        self._world.store.put(call.workspace, "scheduleOfJob", job, {"name": name})
        self._jobs.submit(call.workspace, job, self._definition(call.workspace, action["jobDefinition"], told))
        return reply({"submissionId": job, "scheduleActionType": "CreateJob"})

    def _definition(self, workspace: str, definition: Document, told: dict[str, str]) -> Document:
        """The job to submit: as it was written down, or as the job was that the schedule names."""
        source = definition.get("sourceJobId")
        if source and not definition.get("jobs") and not definition.get("command"):
            earlier = self._world.require(workspace, "jobs", source.rpartition("/")[2])["properties"]
            definition = {key: value for key, value in earlier.items() if key not in _OF_ONE_RUN}
            named = {key: {"jobOutputType": made["jobOutputType"]} for key, made in earlier["outputs"].items()}
            definition["outputs"] = {key: made for key, made in named.items() if key != "default"}
        return {**definition, "properties": {**(definition.get("properties") or {}), **told}}


def _checked(action: Document) -> Document:
    """The action, with what the SDK reads without asking whether it is there."""
    kind = action.get("actionType")
    if kind == "CreateJob":
        if not action.get("jobDefinition"):
            raise user_error("The schedule has no job.")
        return action
    if kind != "CreateMonitor":
        raise ServiceError(501, "NotEmulated", f"Schedules of {kind} are not emulated.")
    monitor: dict[str, Any] = action.get("monitorDefinition") or {}
    if not monitor.get("signals"):
        raise user_error("The monitor has no signals.")
    signals = {name: {"metricThresholds": [], **signal} for name, signal in monitor["signals"].items()}
    return {**action, "monitorDefinition": {**monitor, "signals": signals}}


def _check_trigger(trigger: Document) -> None:
    kind = trigger.get("triggerType")
    if kind == "Cron" and len(str(trigger.get("expression", "")).split()) != 5:
        raise user_error(f"The cron expression {trigger.get('expression')!r} does not have five fields.")
    if kind == "Recurrence" and (not trigger.get("frequency") or int(trigger.get("interval") or 0) < 1):
        raise user_error("A recurrence needs a frequency and an interval of at least 1.")
    if kind not in ("Cron", "Recurrence"):
        raise user_error(f"The trigger {kind!r} is not known.")
