"""A job's MLflow run: on the service its id is the job's name, on an MLflow server it is one of the server's own.

So each job has a run on the server, and what is forwarded says the one for the other, in both directions."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx

from azureml_emulator.world import World

_ASKED = re.compile(rb'("run_(?:id|uuid)"\s*:\s*")([^"]+)(")')
_QUERY = re.compile(r"(\brun_(?:id|uuid)=)([^&]+)")
_OWN_ID = re.compile(rb"\b[0-9a-f]{32}\b")
_ARTIFACTS = re.compile(rb'mlflow-artifacts:/+([^/"]+)/([^/"]+)/artifacts')
_STATES = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}
_API = "/api/2.0/mlflow/"


class TrackedRuns:
    """The pairs of job and run, by workspace."""

    def __init__(self, world: World, http: httpx.Client) -> None:
        self._world = world
        self._http = http

    def begin(self, workspace: str, job: str, experiment: str, parent: str = "") -> None:
        """Make the run of a job, below its parent's, where the workspace has a server."""
        server = self._world.settings.mlflow_of(workspace)
        if server is None:
            return
        start = int(time.time() * 1000)
        body: dict[str, Any] = {"experiment_id": self._experiment(server, experiment), "run_name": job}
        tags = [{"key": "mlflow.parentRunId", "value": self._run(workspace, parent)}] if parent else []
        body |= {"start_time": start, "tags": tags}
        run = self._call(server, "POST", "runs/create", body)["run"]["info"]["run_id"]
        self._world.store.put(workspace, "runOfJob", job, {"id": run})
        self._world.store.put(workspace, "jobOfRun", run, {"id": job})

    def end(self, workspace: str, job: str, status: str) -> None:
        """Close the run as its job has ended."""
        server, run = self._world.settings.mlflow_of(workspace), self._run(workspace, job)
        if server is not None and run != job:
            body = {"run_id": run, "status": _STATES[status], "end_time": int(time.time() * 1000)}
            self._call(server, "POST", "runs/update", body)

    def metric(self, workspace: str, job: str, name: str) -> float | None:
        """The last value that a job has logged of a metric."""
        server, run = self._world.settings.mlflow_of(workspace), self._run(workspace, job)
        if server is None or run == job:
            return None
        address = f"{server.rstrip('/')}{_API}runs/get"
        answer = self._http.get(address, params={"run_id": run}).raise_for_status().json()
        found = [entry["value"] for entry in answer["run"]["data"].get("metrics", []) if entry["key"] == name]
        return float(found[0]) if found else None

    def to_server(self, workspace: str, path: str, query: str, content: bytes) -> tuple[str, str, bytes]:
        """A request in the server's words."""
        path = "/".join(self._run(workspace, part) for part in path.split("/"))
        query = _QUERY.sub(lambda match: match[1] + self._run(workspace, match[2]), query)
        content = _ASKED.sub(
            lambda match: match[1] + self._run(workspace, match[2].decode()).encode() + match[3], content
        )
        return path, query, content

    def to_client(self, workspace: str, content: bytes) -> bytes:
        """An answer in the service's words."""
        settings = self._world.settings
        base = f"azureml://{settings.data_plane}/mlflow/v2.0{settings.workspace_id(workspace)}/experiments"
        content = _ARTIFACTS.sub(rf"{base}/\1/runs/\2/artifacts".encode(), content)
        return _OWN_ID.sub(lambda match: self._job(workspace, match[0].decode()).encode(), content)

    def _run(self, workspace: str, job: str) -> str:
        return str((self._world.store.get(workspace, "runOfJob", job) or {"id": job})["id"])

    def _job(self, workspace: str, run: str) -> str:
        return str((self._world.store.get(workspace, "jobOfRun", run) or {"id": run})["id"])

    def _experiment(self, server: str, name: str) -> str:
        address = f"{server.rstrip('/')}{_API}experiments/get-by-name"
        found = self._http.get(address, params={"experiment_name": name})
        if found.status_code == 404:
            return str(self._call(server, "POST", "experiments/create", {"name": name})["experiment_id"])
        return str(found.raise_for_status().json()["experiment"]["experiment_id"])

    def _call(self, server: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._http.request(method, f"{server.rstrip('/')}{_API}{path}", json=body).raise_for_status()
        content: dict[str, Any] = answer.json()
        return content
