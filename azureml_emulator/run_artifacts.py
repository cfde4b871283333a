"""The artifacts of MLflow runs, as Azure ML's plugin reads and writes them: by signed URIs, beside a job's own."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from azureml_emulator.errors import not_found
from azureml_emulator.job_outputs import output_uri
from azureml_emulator.locations import Location, Locations
from azureml_emulator.routing import WORKSPACE, Call, Router, reply
from azureml_emulator.sas import container_signature
from azureml_emulator.store import Document
from azureml_emulator.world import World


class RunArtifacts:
    """Files below a run's folder in the artifact store; the run need not be a job's."""

    def __init__(self, world: World, locations: Locations) -> None:
        self._world = world
        self._locations = locations

    def routes(self, router: Router) -> None:
        artifacts = f"/history/v1.0{WORKSPACE}/experiments/{{experiment}}/runs/{{run}}/artifacts"
        router.add("GET", artifacts, self._list)
        router.add("GET", f"{artifacts}/contentinfo", self._content)
        router.add("POST", f"{artifacts}/batch/metadata", self._create)

    def _folder(self, call: Call) -> Location:
        return self._locations.find(call.workspace, output_uri(call.parts["run"], "artifacts"))

    def _paths(self, call: Call) -> list[str]:
        folder = self._folder(call)
        names = self._world.blobs.list(folder.container, folder.path + "/")
        return [name[len(folder.path) + 1 :] for name in names]

    def _list(self, call: Call) -> Response:
        container = f"dcid.{call.parts['run']}"
        found = [{"path": path, "origin": "ExperimentRun", "container": container} for path in self._paths(call)]
        return reply({"value": found})

    def _content(self, call: Call) -> Response:
        path = call.query["path"]
        if path not in self._paths(call):
            raise not_found(f"runs/{call.parts['run']}/artifacts/{path}")
        return reply(self._information(call, path))

    def _create(self, call: Call) -> Response:
        """Places to upload to. As in the service, an artifact that is there cannot be replaced."""
        wanted, there = [entry["path"] for entry in call.json()["paths"]], set(self._paths(call))
        information = {path: self._information(call, path) for path in wanted if path not in there}
        errors = {path: _conflict(call.parts["run"], path) for path in wanted if path in there}
        return reply({"artifacts": {}, "artifactContentInformation": information, "errors": errors})

    def _information(self, call: Call, path: str) -> Document:
        folder = self._folder(call)
        signature = container_signature(self._world.account_of(folder.container), folder.container.name)
        uri = f"{folder.container.url()}/{quote(f'{folder.path}/{path}')}?{signature}"
        return {"contentUri": uri, "origin": "ExperimentRun", "container": f"dcid.{call.parts['run']}", "path": path}


def _conflict(run: str, path: str) -> Document:
    told = f"Resource Conflict: ArtifactId ExperimentRun/dcid.{run}/{path} already exists."
    return {"error": {"code": "UserError", "message": told}}
