"""Jobs as Azure ML command jobs, and searches as sweep jobs."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from lifecycle.names import digest
from platforms.azure.clients import AzureClients
from platforms.azure.data_assets import ensure_data_asset
from platforms.azure.environments import Environments
from platforms.azure.errors import told, word
from platforms.azure.job_file import load
from platforms.azure.run_details import error_of, run_details
from platforms.azure.sweeps import RUNNER, SweepTrials, as_sweep, best_of, is_sweep, trial_command, worth_telling
from platforms.code_folders import NOT_CODE
from platforms.job_files import JobFile, read_job_file
from platforms.ports import BlobStore, Job, JobSpec, JobStatus, NotFound, PlatformError, Refused, Unavailable

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SERVERLESS = "serverless"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_LOG = "user_logs/std_log.txt"
_OUT = "out"
_ENDED = {"Completed": JobStatus.COMPLETED, "Failed": JobStatus.FAILED, "Canceled": JobStatus.CANCELED}


class AzureCompute:
    """Implements `Compute` in the development workspace. A job is polled, never streamed."""

    shares_this_machine = False

    def __init__(self, clients: AzureClients, blobs: BlobStore) -> None:
        self._clients = clients
        self._blobs = blobs  # the container of our datastore
        self._http = httpx.Client(timeout=60.0)
        self._trials = SweepTrials(clients)

    def submit(self, spec: JobSpec) -> Job:
        try:
            return self.get(spec.name)
        except NotFound:
            pass
        if next(self._blobs.list(spec.dataset_prefix), None) is None:
            raise NotFound(f"Job {spec.name} has no data: nothing lies under {spec.dataset_prefix}.")
        client = self._client
        file = None if spec.job_file is None else read_job_file(spec.code / spec.job_file, spec.parameters)
        data = self._data(client, spec)
        environment = Environments(self._clients).ensure("training")
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(spec.code, Path(folder) / spec.code.name, ignore=NOT_CODE)
            if spec.search is not None:
                shutil.copy(RUNNER, folder)
            try:
                with told("submit", f"job {spec.name}"):
                    if file is None:
                        job = self._job(spec, Path(folder), data, environment)
                    else:
                        job = self._job_of_file(file, spec, Path(folder), data, environment)
                    client.jobs.create_or_update(job)
            except (Refused, Unavailable) as error:
                return self._submitted_after_all(spec.name, error)
        return self.get(spec.name)

    def get(self, name: str) -> Job:
        job = self._found(name)
        status = _ENDED.get(word(job.status), JobStatus.RUNNING)
        submitted = _utc(getattr(job.creation_context, "created_at", None))
        if not status.ended:
            return Job(name, status, submitted, submitted_at=submitted)
        details = self._details(name)
        reason = error_of(details)
        if status is JobStatus.COMPLETED and is_sweep(job) and best_of(job) is None:
            status, reason = JobStatus.FAILED, "No trial told how good it is."
        started, ended = _utc(details.get("startTimeUtc")) or submitted, _utc(details.get("endTimeUtc"))
        return Job(name, status, started, ended, _exit_code(status, reason), reason, submitted_at=submitted)

    def logs(self, name: str, last_lines: int = 200) -> str:
        job = self._found(name)
        if is_sweep(job):
            lines = self._sweeps_log(job)
        else:
            lines = self._pipelines_log(name) if word(job.type) == "pipeline" else self._log(name)
        return "\n".join(lines[-last_lines:])

    def _sweeps_log(self, job: Any) -> list[str]:
        """A sweep prints nothing itself: what its trials came to, and the logs that say why."""
        trials = self._trials.read(job)
        lines: list[str] = []
        for headline, child, most in worth_telling(trials, job.name):
            lines += [headline, *self._log(child)[-most:]]
        return [*lines, *trials.table().splitlines()]

    def _pipelines_log(self, name: str) -> list[str]:
        """Its nodes' logs, one after the other."""
        with told("list the nodes", f"job {name}"):
            nodes = list(self._client.jobs.list(parent_job_name=name))
        return [line for node in nodes for line in (f"{node.display_name}: {word(node.status)}", *self._log(node.name))]

    def _log(self, name: str) -> list[str]:
        files = self._details(name).get("logFiles") or {}
        if _LOG not in files:
            return []
        try:
            answer = self._http.get(files[_LOG])  # its address is signed
        except httpx.TransportError as error:
            raise Unavailable(f"The log of job {name} cannot be read: {type(error).__name__}.") from None
        return answer.text.splitlines() if answer.is_success else []

    def cancel(self, name: str) -> None:
        if self.get(name).status.ended:
            return
        with told("cancel", f"job {name}"):
            self._client.jobs.begin_cancel(name).result()

    def fetch_outputs(self, name: str, folder: Path) -> Path:
        if not self.get(name).status.ended:
            raise Refused(f"Job {name} is still running; its outputs are not whole yet.")
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        job = self._found(name)
        if is_sweep(job):
            self._trials.download(job, target)
        else:
            self._blobs.download(_outputs(name), target)
        return target

    def _found(self, name: str) -> Any:
        if not _NAME.fullmatch(name):  # the SDK would write it into a path as it is
            raise NotFound(f"There is no job {name!r}: that cannot be a job's name.")
        with told("get", f"job {name}"):
            return self._client.jobs.get(name)

    @property
    def _client(self) -> MLClient:
        return self._clients.workspace("development")

    def _data(self, client: MLClient, spec: JobSpec) -> str:
        name = f"{spec.tags.get('workload', 'data')}-train"
        version = spec.tags.get("dataset_version", digest(spec.dataset_prefix.encode()))
        return ensure_data_asset(client, self._clients.settings.datastore, name, version, spec.dataset_prefix)

    def _path(self, prefix: str) -> str:
        return f"azureml://datastores/{self._clients.settings.datastore}/paths/{prefix}"

    def _job(self, spec: JobSpec, code: Path, data: str, environment: str) -> Any:
        from azure.ai.ml import Input, Output, command
        from azure.ai.ml.constants import AssetTypes
        from azure.ai.ml.entities import CommandJobLimits, JobResourceConfiguration

        settings = self._clients.settings
        serverless = settings.compute == SERVERLESS
        # A sweep's trials have places of their own, which the service chooses.
        place = self._path(_outputs(spec.name)) if spec.search is None else None
        line = _line(spec.command)
        job = command(
            name=spec.name,
            display_name=spec.name,
            experiment_name=spec.tags.get("workload", "perennial"),
            code=str(code),
            command=line if spec.search is None else trial_command(spec.search, line),
            inputs={"data": Input(type=AssetTypes.URI_FOLDER, path=data)},
            outputs={_OUT: Output(type=AssetTypes.URI_FOLDER, path=place)},
            environment=environment,
            environment_variables={"PYTHONUNBUFFERED": "1", **spec.environment},
            compute=None if serverless else settings.compute,
            tags=dict(spec.tags),
        )
        if spec.search is None:
            job.limits = CommandJobLimits(timeout=spec.time_limit_seconds)
        else:
            job = as_sweep(job, spec, spec.search)
        if serverless:
            job.resources = JobResourceConfiguration(instance_type=settings.training_size, instance_count=1)
        return job

    def _job_of_file(self, file: JobFile, spec: JobSpec, folder: Path, data: str, environment: str) -> Any:
        compute = self._clients.settings.compute
        defaults = {"environment": environment, "compute": compute if compute == SERVERLESS else f"azureml:{compute}"}
        return load(file, folder, spec, data, self._path(_outputs(spec.name)), defaults)

    def _submitted_after_all(self, name: str, error: PlatformError) -> Job:
        """The job of that name: another was faster, or only the answer to its submission was lost."""
        try:
            return self.get(name)
        except NotFound:
            raise error from None

    def _details(self, name: str) -> dict[str, Any]:
        """Run history's view of the job, which knows its log files and its error."""
        return run_details(self._clients, self._http, "development", name)


def _outputs(name: str) -> str:
    """Where a job's outputs lie: named by us, since the SDK's download of a default place depends on how it is told."""
    return f"jobs/{name}/{_OUT}/"


def _line(words: tuple[str, ...]) -> str:
    """The command as a shell takes it, with the platform's places filled in."""
    places = {"{data}": "${{inputs.data}}", "{out}": "${{outputs.out}}"}
    return " ".join(places.get(word) or shlex.quote(word) for word in words)


def _exit_code(status: JobStatus, reason: str) -> int | None:
    """Azure ML tells it in the words of the failure alone."""
    if status is JobStatus.COMPLETED:
        return 0
    found = re.search(r"exited with status code (-?\d+)", reason)
    return int(found[1]) if found else None


def _utc(moment: Any) -> datetime | None:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if not isinstance(moment, datetime):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
