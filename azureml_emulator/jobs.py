"""Jobs: submitted, really run, looked at, cancelled; their outputs registered when they are done."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx
from starlette.responses import Response

from azureml_emulator.composites import Composites
from azureml_emulator.errors import ServiceError, not_found, user_error
from azureml_emulator.job_outputs import output_uri
from azureml_emulator.job_runs import TERMINAL, JobRuns
from azureml_emulator.job_spec import make_spec, seconds
from azureml_emulator.locations import Locations
from azureml_emulator.operations import Operations, State
from azureml_emulator.output_assets import OutputAssets
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.store import Document
from azureml_emulator.tracked_runs import TrackedRuns
from azureml_emulator.world import World, timestamp

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,254}")
_CHANGEABLE = ("description", "displayName", "tags", "isArchived")


class Jobs:
    """A job's document says what was submitted; its status is the process's own, until it has ended.

    A job that is made of others has no process: its status is the one in its document."""

    def __init__(
        self,
        world: World,
        outputs: OutputAssets,
        locations: Locations,
        operations: Operations,
        runs: JobRuns,
        tracked: TrackedRuns,
        composites: Composites,
    ) -> None:
        self._world = world
        self._outputs = outputs
        self._composites = composites
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
        self._composites.start(self)
        for workspace in self._world.settings.workspaces:
            for job in self._world.store.list(workspace, "jobs"):
                if job["properties"]["status"] not in TERMINAL:
                    self._look_after(workspace, job)

    def submit(
        self, workspace: str, name: str, properties: Document, parent: str = "", key: str = "", kind: str = ""
    ) -> Document:
        """Begin a job, perhaps as another one's child; one that is there already is answered as it is.

        `kind` is who carries it on, where that is not its type's."""
        with self._world.store.lock:
            before = self._world.store.get(workspace, "jobs", name)
            if before is not None:
                return before
            kind = kind or properties.get("jobType", "")
            composite = self._composites.kind(kind)
            if composite is None and kind != "Command":
                raise ServiceError(501, "NotEmulated", f"Jobs of type {kind} are not emulated.")
            self._check_compute(workspace, properties.get("computeId"))
            properties = {**properties, **self._defaults(workspace, name, properties)}
            if composite is None:
                job, spec = self._command(workspace, name, properties)
            else:
                properties = composite.prepare(workspace, properties)
                job, spec = self._world.resource(workspace, f"jobs/{name}", {**properties, "status": "Running"}), None
            self._tracked.begin(workspace, name, properties["experimentName"], parent)
            if spec is None:
                self._composites.remember(workspace, name, kind)
            else:
                self._runs.start(workspace, name, spec)
            if parent:
                self._composites.adopt(workspace, parent, key, name)
            self._world.store.put(workspace, "jobs", name, job)  # last: who finds it asks for its process
        self._look_after(workspace, job)
        return job

    def current(self, workspace: str, name: str) -> Document:
        """The job as it is now."""
        job = self._world.require(workspace, "jobs", name)
        if job["properties"]["status"] in TERMINAL or self._composites.is_one(workspace, name):
            return job
        status, error = self._runs.state(workspace, name)
        if status in TERMINAL and not self._runs.is_alive(workspace, name):
            return self.finish(workspace, name, status, error, {})
        status = "Finalizing" if status in TERMINAL else status
        return {**job, "properties": {**job["properties"], "status": status}}

    def cancel(self, workspace: str, name: str) -> bool:
        """Ask a job to end; whether it had not ended already."""
        with self._world.store.lock:
            job = self.current(workspace, name)
            if job["properties"]["status"] in TERMINAL:
                return False
            if self._composites.is_one(workspace, name):
                job["properties"]["status"] = "CancelRequested"
                self._world.store.put(workspace, "jobs", name, job)
        if self._composites.is_one(workspace, name):
            self._composites.carry_on(workspace, name)
        else:
            self._runs.cancel(workspace, name)
        return True

    def finish(self, workspace: str, name: str, status: str, error: str, changes: Document) -> Document:
        """Once, whoever notices first: outputs become assets, and the last state is kept."""
        with self._world.store.lock:
            job = self._world.require(workspace, "jobs", name)
            if job["properties"]["status"] in TERMINAL:
                return job
            job["properties"] |= {**changes, "status": status}
            job["systemData"]["lastModifiedAt"] = timestamp()
            if status == "Completed":
                self._outputs.register(workspace, name, job["properties"]["outputs"])
            if error:
                job["properties"]["error"] = {"code": "UserError", "message": error}
            self._world.store.put(workspace, "jobs", name, job)
        with suppress(httpx.HTTPError):  # the job has ended, whether MLflow can be told or not
            self._tracked.end(workspace, name, status)
        parent = self._composites.parent(workspace, name)
        if parent is not None:
            self._composites.carry_on(workspace, parent)
        return job

    def describe(self, workspace: str, name: str, words: Document, merged: Document) -> Document:
        """Change what is said of a job: `words` take the place of the old ones, `merged` go in among them."""
        with self._world.store.lock:
            job = self._world.require(workspace, "jobs", name)
            properties = job["properties"]
            job["properties"] |= words | {key: {**properties[key], **more} for key, more in merged.items()}
            self._world.store.put(workspace, "jobs", name, job)
        return self.current(workspace, name)

    def children(self, workspace: str, name: str) -> list[Document]:
        """The jobs that a job is made of."""
        self._world.require(workspace, "jobs", name)
        return list(self._composites.children(workspace, name).values())

    def _list(self, call: Call) -> Response:
        """Children are not listed here: run history has them."""
        names = [job["name"] for job in self._world.store.list(call.workspace, "jobs")]
        own = [name for name in names if self._composites.parent(call.workspace, name) is None]
        found = [self.current(call.workspace, name) for name in own]
        view = {"ArchivedOnly": (True,), "All": (False, True)}.get(call.query.get("listViewType", ""), (False,))
        wanted = [job for job in found if job["properties"].get("isArchived", False) in view]
        asked = [job for job in wanted if _tagged(job, call) and self._scheduled(job, call)]
        return reply({"value": asked[::-1]})

    def _scheduled(self, job: Document, call: Call) -> bool:
        """Whether a job has the type, and comes from the schedule, that is asked for."""
        schedule = self._world.store.get(call.workspace, "scheduleOfJob", job["name"])
        if call.query.get("scheduled", "").lower() == "true" and schedule is None:
            return False
        named = call.query.get("scheduleId", "").rpartition("/")[2]
        kind = call.query.get("jobType", job["properties"]["jobType"])
        return kind == job["properties"]["jobType"] and (not named or named == (schedule or {}).get("name"))

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
        return reply(self.submit(call.workspace, name, properties), 201)

    def _command(self, workspace: str, name: str, properties: Document) -> tuple[Document, Document]:
        """A command job, and what its runner needs to know."""
        self._check_environment(workspace, properties.get("environmentId"))
        spec = make_spec(self._world, self._locations, workspace, name, properties)
        return self._world.resource(workspace, f"jobs/{name}", {**properties, "status": "Queued"}), spec

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
            output["uri"] = (output.get("uri") or output_uri(name, key)).replace("${{name}}", name)
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
        if name not in ("", "serverless") and self._world.store.get(workspace, "computes", name) is None:
            raise user_error(f"Unknown compute target '{name}'.")

    def _check_environment(self, workspace: str, environment: str | None) -> None:
        match = re.fullmatch(r"/subscriptions/.*/environments/([^/]+)/versions/([^/]+)", environment or "")
        if match is not None and self._world.store.get(workspace, f"environments/{match[1]}", match[2]) is None:
            raise not_found(f"environments/{match[1]}/versions/{match[2]}")

    def _look_after(self, workspace: str, job: Document) -> None:
        name = job["name"]
        if self._composites.is_one(workspace, name):
            self._composites.carry_on(workspace, name)
            self._limit(workspace, job)
        else:
            self._runs.when_ended(workspace, name, lambda: self._ended(workspace, name))

    def _limit(self, workspace: str, job: Document) -> None:
        """A command's runner keeps its time limit; that of a job of jobs is kept here."""
        limit = seconds((job["properties"].get("limits") or {}).get("timeout"))
        if limit is not None:
            begun = datetime.fromisoformat(job["systemData"]["createdAt"]).timestamp()
            timer = threading.Timer(begun + limit - time.time(), self.cancel, (workspace, job["name"]))
            timer.daemon = True
            timer.start()

    def _ended(self, workspace: str, name: str) -> None:
        self.current(workspace, name)

    def _cancel(self, call: Call) -> Response:
        if not self.cancel(call.workspace, call.parts["name"]):
            return empty(200)
        return empty(202, self._operations.begin_result(call.workspace, "jobs", call.parts["name"]))

    def _cancellation(self, workspace: str, name: str) -> State:
        ended = self.current(workspace, name)["properties"]["status"] in TERMINAL
        return ("Succeeded" if ended else "InProgress"), ""


def _tagged(job: Document, call: Call) -> bool:
    """Whether a job has the tag, `NAME` or `NAME=VALUE`, that is asked for."""
    name, _, value = call.query.get("tag", "").partition("=")
    tags = job["properties"]["tags"]
    return not name or (name in tags and value in ("", tags[name]))
