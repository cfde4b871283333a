"""Run history and data at the region's host: what the SDK asks when it shows or downloads a job."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from azureml_emulator.assets import Assets
from azureml_emulator.job_runs import TERMINAL
from azureml_emulator.jobs import Jobs
from azureml_emulator.locations import Locations
from azureml_emulator.routing import WORKSPACE, Call, Router, reply
from azureml_emulator.sas import container_signature
from azureml_emulator.store import Document
from azureml_emulator.world import World

# Models have names of their own there, data have not.
_TYPES = {"custom_model": "CustomModel", "mlflow_model": "MLFlowModel", "triton_model": "TritonModel"}


class History:
    """Jobs in the words of run history."""

    def __init__(self, world: World, jobs: Jobs, assets: Assets, locations: Locations) -> None:
        self._world = world
        self._jobs = jobs
        self._assets = assets
        self._locations = locations

    def routes(self, router: Router) -> None:
        runs = f"/history/v1.0{WORKSPACE}/runs/{{run}}"
        router.add("GET", runs, self._run)
        run = runs.replace("/runs/", "/experiments/{experiment}/runs/")
        router.add("PATCH", run, self._describe)
        router.add("GET", f"{runs}/details", self._details)
        router.add("GET", f"{runs}/children", self._children)
        router.add("POST", f"/history/v1.0{WORKSPACE}/rundata", self._run_data)
        router.add("POST", f"/data/v1.0{WORKSPACE}/dataversion/batchGetResolvedUris", self._resolved_data)
        router.add("POST", f"/modelregistry/v1.0{WORKSPACE}/models/batchGetResolvedUris", self._resolved_models)

    def _run(self, call: Call) -> Response:
        return reply(_metadata(self._jobs.current(call.workspace, call.parts["run"])))

    def _describe(self, call: Call) -> Response:
        """What `jobs.update`, `archive` and `restore` do."""
        body = call.json()
        words = {key: body[key] for key in ("displayName", "description") if body.get(key) is not None}
        if body.get("hidden") is not None:
            words["isArchived"] = body["hidden"]
        merged = {key: body[key] for key in ("tags", "properties") if body.get(key)}
        return reply(_metadata(self._jobs.describe(call.workspace, call.parts["run"], words, merged)))

    def _details(self, call: Call) -> Response:
        job = self._jobs.current(call.workspace, call.parts["run"])
        details = {"runId": job["name"], "status": job["properties"]["status"], "properties": {}, **_times(job)}
        if "error" in job["properties"]:
            details["error"] = {"error": job["properties"]["error"]}
        return reply({**details, "logFiles": self._logs(call.workspace, job)})

    def _children(self, call: Call) -> Response:
        found = self._jobs.children(call.workspace, call.parts["run"])
        top = call.query.get("$top")
        return reply({"value": [_metadata(job) for job in found[: int(top) if top else None]]})

    def _run_data(self, call: Call) -> Response:
        job = self._jobs.current(call.workspace, call.json()["runId"])
        return reply({"runMetadata": _metadata(job), "runDefinition": None, "jobSpecification": None})

    def _logs(self, workspace: str, job: Document) -> dict[str, str]:
        place = self._locations.find(workspace, job["properties"]["outputs"]["default"]["uri"])
        signature = container_signature(self._world.account_of(place.container), place.container.name, write=False)
        names = self._world.blobs.list(place.container, f"{place.path}/user_logs/")
        base = place.container.url()
        return {name[len(place.path) + 1 :]: f"{base}/{quote(name)}?{signature}" for name in names}

    def _resolved_data(self, call: Call) -> Response:
        found = self._resolve(call, "data")
        return reply({"values": {key: {"uri": uri, "type": "UriFolder"} for key, uri in found.items()}})

    def _resolved_models(self, call: Call) -> Response:
        return reply({"values": {key: {"path": uri} for key, uri in self._resolve(call, "models").items()}})

    def _resolve(self, call: Call, kind: str) -> dict[str, str]:
        """Asset ids to the long form of their URIs."""
        found = {}
        content = {"data": "dataUri", "models": "modelUri"}[kind]
        for asset in call.json().get("values", []):
            *_, name, _, version = asset.split("/")
            uri = self._assets.get(call.workspace, kind, name, version)["properties"][content]
            found[asset] = uri
        return found


def _times(job: Document) -> dict[str, str]:
    """When it began and ended; what has ended is not changed any more but by its owner."""
    times = {"startTimeUtc": job["systemData"]["createdAt"]}
    if job["properties"]["status"] in TERMINAL:
        times["endTimeUtc"] = job["systemData"]["lastModifiedAt"]
    return times


def _metadata(job: Document) -> Document:
    properties = job["properties"]
    outputs = {
        key: {"assetId": output["assetId"], "type": _TYPES.get(output["jobOutputType"], output["jobOutputType"])}
        for key, output in properties["outputs"].items()
        if "assetId" in output
    }
    return {
        "runId": job["name"],
        "status": properties["status"],
        "displayName": properties["displayName"],
        "experimentId": properties["experimentName"],
        "tags": properties["tags"],
        "properties": properties["properties"],
        "createdUtc": job["systemData"]["createdAt"],
        "outputs": outputs,
        "error": {"error": properties["error"]} if "error" in properties else None,
    }
