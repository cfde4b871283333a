"""The jobs of batch endpoints: started by POST to the scoring address, found again by name or by where they write.

The SDK's own `invoke` keeps its headers in a dictionary of its module: a deployment named once is named in every later
call of the process. So we POST ourselves.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import httpx

from lifecycle.names import stage_of
from platforms.azure.clients import AzureClients
from platforms.azure.errors import told, word
from platforms.azure.run_details import error_of, run_details
from platforms.ports import BatchSpec, Job, JobStatus, NotFound, PlatformError, Refused, Unavailable
from platforms.secrets import without_secrets
from scoring.batch_score import INPUT_NAME

_ENDED = {"Completed": JobStatus.COMPLETED, "Failed": JobStatus.FAILED, "Canceled": JobStatus.CANCELED}
_LISTING = "2020-09-01-dataplanepreview"
_PAUSES = (1.0, 2.0, 4.0)  # seconds between tries where the service does not answer
_LATER = {408, 409, 412, 429}
_LOGS = ("user_logs/", "logs/user/")


class BatchJobs:
    """A job's name is the caller's. Should the service give another, the output's address tells whose job it is."""

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients
        self._http = httpx.Client(timeout=60.0)

    def find(self, endpoint: str, name: str) -> str | None:
        """The service's name of the job; None where there is none."""
        client = self._clients.workspace(stage_of(endpoint))
        try:
            with told("get", f"job {name}"):
                return str(client.jobs.get(name).name)
        except NotFound:
            return self._writing_to(endpoint, name)

    def begin(self, endpoint: str, scoring_url: str, deployment: str, spec: BatchSpec) -> str:
        """Start the job and return the service's name of it. A lost answer is no second job: it is looked for first."""
        for pause in (*_PAUSES, None):
            try:
                return self._post(endpoint, scoring_url, deployment, spec)
            except Unavailable:
                found = self.find(endpoint, spec.name)
                if found is not None:
                    return found
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable")

    def look(self, endpoint: str, found: str, name: str) -> Job:
        """The job of the service's name `found`, under the caller's name."""
        stage = stage_of(endpoint)
        with told("get", f"job {name}"):
            status = _ENDED.get(word(self._clients.workspace(stage).jobs.get(found).status), JobStatus.RUNNING)
        details = run_details(self._clients, self._http, stage, found)
        reason = (error_of(details) or self._child_error(endpoint, found)) if status is JobStatus.FAILED else ""
        started, ended = (_utc(details.get(key)) for key in ("startTimeUtc", "endTimeUtc"))
        return Job(name, status, started, ended, 0 if status is JobStatus.COMPLETED else None, reason)

    def logs(self, endpoint: str, found: str) -> list[str]:
        """The lines that the scoring printed, node by node."""
        lines: list[str] = []
        for child in self._children(endpoint, found):
            files = run_details(self._clients, self._http, stage_of(endpoint), child).get("logFiles") or {}
            for file in sorted(file for file in files if file.startswith(_LOGS)):
                lines += self._text(files[file], found).splitlines()
        return lines

    def cancel(self, endpoint: str, found: str) -> None:
        with told("cancel", f"job {found}"):
            self._clients.workspace(stage_of(endpoint)).jobs.begin_cancel(found).result()

    def _post(self, endpoint: str, scoring_url: str, deployment: str, spec: BatchSpec) -> str:
        settings = self._clients.settings
        store = f"azureml:/{self._clients.workspace_id(stage_of(endpoint))}/datastores/{settings.datastore}/paths/"
        properties = {
            "name": spec.name,
            "properties": {"experimentName": endpoint},
            "inputData": {INPUT_NAME: {"jobInputType": "UriFolder", "uri": store + spec.input_prefix}},
            "outputData": {"score": {"jobOutputType": "UriFolder", "uri": store + spec.outputs}},
            "miniBatchSize": spec.mini_batch_size,
            "errorThreshold": spec.error_threshold,
            "retrySettings": {"maxRetries": spec.retries, "timeout": f"PT{spec.timeout_seconds}S"},
        }
        answer = self._call(
            "POST",
            scoring_url,
            endpoint,
            f"invoke of {endpoint} failed",
            headers={"azureml-model-deployment": deployment},
            json={"properties": properties},
        )
        return str(answer["name"])

    def _writing_to(self, endpoint: str, name: str) -> str | None:
        """The job of the endpoint whose description holds the output's address, which ends in the caller's name."""
        workspace = self._clients.workspace_id(stage_of(endpoint))
        url: str | None = f"https://{self._clients.region}.api.azureml.ms/mferp/managementfrontend{workspace}"
        url = f"{url}/batchEndpoints/{endpoint}/jobs?api-version={_LISTING}"
        wanted = f'/{name}/"'
        while url:
            page = self._call("GET", url, endpoint, f"listing the jobs of {endpoint} failed")
            for job in page.get("value") or []:
                if wanted in json.dumps(job.get("properties")):
                    return str(job["name"])
            url = page.get("nextLink")
        return None

    def _children(self, endpoint: str, found: str) -> list[str]:
        with told("list the parts", f"job {found}"):
            listed = self._clients.workspace(stage_of(endpoint)).jobs.list(parent_job_name=found)
            return [str(child.name) for child in listed]

    def _child_error(self, endpoint: str, found: str) -> str:
        stage = stage_of(endpoint)
        details = (run_details(self._clients, self._http, stage, one) for one in self._children(endpoint, found))
        return next(filter(None, map(error_of, details)), "")

    def _text(self, url: str, job: str) -> str:
        try:
            answer = self._http.get(url)  # its address is signed
        except httpx.TransportError as error:
            raise Unavailable(f"The log of job {job} cannot be read: {type(error).__name__}.") from None
        return answer.text if answer.is_success else ""

    def _call(self, method: str, url: str, endpoint: str, failed: str, **more: Any) -> dict[str, Any]:
        """One request; the answer's body, or the error in the ports' words."""
        try:
            answer = self._http.request(method, url, auth=self._clients.auth(stage_of(endpoint)), **more)
        except httpx.TransportError as error:
            raise Unavailable(f"{failed}: {type(error).__name__}") from None
        if answer.is_success:
            body: dict[str, Any] = answer.json()
            return body
        raise _error(answer.status_code)(f"{failed}: HTTP {answer.status_code}: {without_secrets(answer.text)[:1500]}")


def _error(status: int) -> type[PlatformError]:
    if status == 404:
        return NotFound
    return Unavailable if status in _LATER or status >= 500 else Refused


def _utc(moment: Any) -> datetime | None:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")) if isinstance(moment, str) else None
