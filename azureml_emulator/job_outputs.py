"""The outputs of jobs, as URIs."""

from __future__ import annotations

import re

from azureml_emulator.world import World

ARTIFACTS = "workspaceartifactstore"
_JOB_OUTPUT = re.compile(r"azureml://(?:.*/)?jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)/?(?:paths/)?(?P<path>.*)")
_DATASTORE = re.compile(r"azureml://(?:.*/)?datastores/(?P<name>[^/]+)/(?:paths/)?(?P<path>.*)", re.IGNORECASE)


def output_uri(job: str, output: str) -> str:
    """Where a job's output goes for which the job named no path."""
    if output in ("default", "artifacts"):
        return f"azureml://datastores/{ARTIFACTS}/ExperimentRun/dcid.{job}"
    return f"azureml://datastores/workspaceblobstore/paths/azureml/{job}/{output}/"


def in_datastore(uri: str) -> tuple[str, str] | None:
    """Datastore and path, if the URI names them."""
    match = _DATASTORE.fullmatch(uri)
    return (match["name"], match["path"]) if match else None


def job_of(uri: str) -> str | None:
    """The job whose output a URI names."""
    match = _JOB_OUTPUT.fullmatch(uri)
    return match["job"] if match else None


def settled(world: World, workspace: str, uri: str) -> str:
    """A URI that names a job's output, or a datastore in short, in the long form that the service keeps."""
    if match := _JOB_OUTPUT.fullmatch(uri):
        outputs = world.require(workspace, "jobs", match["job"])["properties"].get("outputs") or {}
        base = (outputs.get(match["output"]) or {}).get("uri") or output_uri(match["job"], match["output"])
        uri = f"{base.rstrip('/')}/{match['path']}"
    place = in_datastore(uri)
    if place is None:
        return uri
    settings = world.settings
    base = f"azureml://subscriptions/{settings.subscription}/resourcegroups/{settings.resource_group}"
    return f"{base}/workspaces/{workspace}/datastores/{place[0]}/paths/{place[1]}"
