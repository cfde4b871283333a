"""Command jobs: submitted, really run, looked at, cancelled; their outputs registered when they are done."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import httpx
from starlette.responses import Response

from azureml_emulator.assets import Assets
from azureml_emulator.errors import ServiceError, not_found, user_error
from azureml_emulator.job_outputs import output_uri
from azureml_emulator.job_runs import TERMINAL, JobRuns
from azureml_emulator.job_spec import make_spec
from azureml_emulator.locations import Locations
from azureml_emulator.operations import Operations, State
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.store import Document
from azureml_emulator.tracked_runs import TrackedRuns
from azureml_emulator.world import World

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,254}")
_CHANGEABLE = ("description", "displayName", "tags", "isArchived")


class Jobs:
    """A job's document says what was submitted; its status is the process's own, until it has ended."""

    def __init__(
        self,
        world: World,
        assets: Assets,
        locations: Locations,
        operations: Operations,
        runs: JobRuns,
        tracked: TrackedRuns,
    ) -> None:
        self._world = world
        self._assets = assets
        self._locations = locations
        self._operations = operations
        self._runs = runs
        self._tracked = tracked
        operations.watch("jobs", self._cancellation)

    def routes(self, router: Router) -> None:
        one = f"{WORKSPACE}/jobs/{{name}}"
        router.add("GET", f"{WORKSPACE}/jobs", self._list)
        router.add("GET", one, self._get)
        router.add("PUT", one, self._put)
        router.add("POST", f"{one}/cancel", self._cancel)

    def resume(self) -> None:
        """Look after the jobs that an earlier emulator left running."""
        for workspace in self._world.settings.workspaces:
            for job in self._world.store.list(workspace, "jobs"):
                if job["properties"]["status"] not in TERMINAL:
                    self._look_after(workspace, job["name"])

    def current(self, workspace: str, name: str) -> Document:
        """The job as it is now."""
        job = self._world.require(workspace, "jobs", name)
        if job["properties"]["status"] in TERMINAL:
            return job
        status, error = self._runs.state(workspace, name)
        if status in TERMINAL and not self._runs.is_alive(workspace, name):
            return self._finish(workspace, name, status, error)
        status = "Finalizing" if status in TERMINAL else status
        return {**job, "properties": {**job["properties"], "status": status}}

    def _list(self, call: Call) -> Response:
        found = [self.current(call.workspace, job["name"]) for job in self._world.store.list(call.workspace, "jobs")]
        view = {"ArchivedOnly": (True,), "All": (False, True)}.get(call.query.get("listViewType", ""), (False,))
        wanted = [job for job in found if job["properties"].get("isArchived", False) in view and _tagged(job, call)]
        return reply({"value": wanted[::-1]})

    def _get(self, call: Call) -> Response:
        return reply(self.current(call.workspace, call.parts["name"]))

    def _put(self, call: Call) -> Response:
        name, properties = call.parts["name"], call.json().get("properties", {})
        if not _NAME.fullmatch(name):
            raise user_error(f"The job name {name!r} is not valid.")
        with self._world.store.lock:
            before = self._world.store.get(call.workspace, "jobs", name)
            if before is not None:
                return reply(self._change(call.workspace, before, properties))
            return reply(self._submit(call.workspace, name, properties), 201)

    def _submit(self, workspace: str, name: str, properties: Document) -> Document:
        if properties.get("jobType") != "Command":
            raise ServiceError(501, "NotEmulated", f"Jobs of type {properties.get('jobType')} are not emulated.")
        self._check_compute(workspace, properties.get("computeId"))
        self._check_environment(workspace, properties.get("environmentId"))
        properties = {**properties, **self._defaults(workspace, name, properties), "status": "Queued"}
        spec = make_spec(self._world, self._locations, workspace, name, properties)
        self._tracked.begin(workspace, name, properties["experimentName"])
        job = self._world.resource(workspace, f"jobs/{name}", properties)
        self._world.store.put(workspace, "jobs", name, job)
        self._runs.start(workspace, name, spec)
        self._look_after(workspace, name)
        return job

    def _change(self, workspace: str, before: Document, properties: Document) -> Document:
        """A job that is there can be described anew, not submitted again."""
        old = before["properties"]
        if properties.get("command") != old["command"] or properties.get("jobType") != old["jobType"]:
            raise user_error(
                "A job with this name already exists. If you are trying to submit a new job, use a different name. If"
                " you are trying to update an existing job, the existing job's command cannot be changed. Only"
                " description, displayName, tags, and isArchived can be updated."
            )
        changes = {key: properties[key] for key in _CHANGEABLE if properties.get(key) is not None}
        job = {**before, "properties": {**old, **changes}}
        self._world.store.put(workspace, "jobs", before["name"], job)
        return self.current(workspace, before["name"])

    def _defaults(self, workspace: str, name: str, properties: Document) -> dict[str, Any]:
        settings = self._world.settings
        outputs = {"default": {"jobOutputType": "uri_folder"}, **(properties.get("outputs") or {})}
        for key, output in outputs.items():
            output["uri"] = output.get("uri") or output_uri(name, key)
        studio = f"https://ml.azure.com/runs/{name}?wsid={settings.workspace_id(workspace)}"
        tracking = f"azureml://{settings.data_plane}/mlflow/v1.0{settings.workspace_id(workspace)}?"
        return {
            "experimentName": properties.get("experimentName") or "Default",
            "displayName": properties.get("displayName") or name,
            "tags": properties.get("tags") or {},
            "properties": {**(properties.get("properties") or {}), "_azureml.ComputeTargetType": "amlctrain"},
            "inputs": properties.get("inputs") or {},
            "outputs": outputs,
            "services": {
                "Tracking": {"jobServiceType": "Tracking", "endpoint": tracking},
                "Studio": {"jobServiceType": "Studio", "endpoint": studio},
            },
        }

    def _check_compute(self, workspace: str, compute: str | None) -> None:
        name = (compute or "").rpartition("/")[2]
        if name and self._world.store.get(workspace, "computes", name) is None:
            raise user_error(f"Unknown compute target '{name}'.")

    def _check_environment(self, workspace: str, environment: str | None) -> None:
        match = re.fullmatch(r"/subscriptions/.*/environments/([^/]+)/versions/([^/]+)", environment or "")
        if match is not None and self._world.store.get(workspace, f"environments/{match[1]}", match[2]) is None:
            raise not_found(f"environments/{match[1]}/versions/{match[2]}")

    def _look_after(self, workspace: str, name: str) -> None:
        self._runs.when_ended(workspace, name, lambda: self._ended(workspace, name))

    def _ended(self, workspace: str, name: str) -> None:
        self.current(workspace, name)

    def _finish(self, workspace: str, name: str, status: str, error: str) -> Document:
        """Once, whoever notices first: outputs become assets, and the last state is kept."""
        with self._world.store.lock:
            job = self._world.require(workspace, "jobs", name)
            if job["properties"]["status"] in TERMINAL:
                return job
            if status == "Completed":
                for key, output in job["properties"]["outputs"].items():
                    self._register(workspace, name, key, output)
            job["properties"]["status"] = status
            if error:
                job["properties"]["error"] = {"code": "UserError", "message": error}
            self._world.store.put(workspace, "jobs", name, job)
        with suppress(httpx.HTTPError):  # the job has ended, whether MLflow can be told or not
            self._tracked.end(workspace, name, status)
        return job

    def _register(self, workspace: str, job: str, key: str, output: Document) -> None:
        if key == "default":
            return
        kind = "models" if output["jobOutputType"].endswith("_model") else "data"
        name = output.get("assetName") or f"azureml_{job}_output_data_{key}"
        version = output.get("assetVersion") or self._assets.next_version(workspace, kind, name)
        words = {"models": ("modelUri", "modelType"), "data": ("dataUri", "dataType")}[kind]
        origin = {"jobName": job, "isAnonymous": not output.get("assetName")}
        content = {words[0]: output["uri"], words[1]: output["jobOutputType"], **origin}
        made, _ = self._assets.create(workspace, kind, name, version, {"properties": content})
        output["assetId"] = made["id"]

    def _cancel(self, call: Call) -> Response:
        job = self.current(call.workspace, call.parts["name"])
        if job["properties"]["status"] in TERMINAL:
            return empty(200)
        self._runs.cancel(call.workspace, job["name"])
        return empty(202, self._operations.begin_result(call.workspace, "jobs", job["name"]))

    def _cancellation(self, workspace: str, name: str) -> State:
        ended = self.current(workspace, name)["properties"]["status"] in TERMINAL
        return ("Succeeded" if ended else "InProgress"), ""


def _tagged(job: Document, call: Call) -> bool:
    """Whether a job has the tag, `NAME` or `NAME=VALUE`, that is asked for."""
    name, _, value = call.query.get("tag", "").partition("=")
    tags = job["properties"]["tags"]
    return not name or (name in tags and value in ("", tags[name]))
