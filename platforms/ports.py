"""The ports: what the service asks of a place to run in.

Every docstring here is the contract, and one suite (`tests/platforms/`) holds each adapter to it.
Errors: an adapter raises `NotFound` for what is not there, `Refused` where the platform says no (a rule, a
quota, a role), `Unavailable` where trying again later may help; each names the resource, the operation and
the platform's own words, and no secret. Anything else that escapes is a defect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from lifecycle.search import Search

if TYPE_CHECKING:
    import pandas as pd


class PlatformError(Exception):
    """What a platform answers when it does not do what it was asked."""


class NotFound(PlatformError):
    """The named thing does not exist (any more)."""


class Refused(PlatformError):
    """The platform's rules forbid it; trying again changes nothing."""


class Unavailable(PlatformError):
    """Out of reach or overloaded; trying again later may help."""


@dataclass(frozen=True)
class BlobInfo:
    name: str
    size: int  # bytes
    modified: datetime  # UTC
    etag: str  # changes whenever the content does


class BlobStore(Protocol):
    """Named bytes. Names are relative, '/'-separated and untrusted: `..`, a leading '/' and NUL are refused.

    `platforms.blob_names` is the rule. A write is atomic: readers see the whole old or the whole new content, or
    Unavailable where it was replaced too often. Everything blocks and is idempotent.
    """

    def list(self, prefix: str, since: datetime | None = None) -> Iterator[BlobInfo]:
        """All blobs under the prefix in the order of their names; with `since`, those modified at or after it.

        A store that keeps whole seconds compares those: rather a blob too many than one missed.
        """

    def read(self, name: str) -> bytes:
        """The whole content. NotFound where there is none."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A seekable stream for content that may be larger than memory. NotFound where there is none.

        Unavailable where the blob is replaced while it is read and the old content is gone.
        """

    def write(self, name: str, content: bytes) -> BlobInfo:
        """Write or replace."""

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Write only where nothing is yet; False (and nothing changed) where something is."""

    def upload(self, name: str, path: Path) -> BlobInfo:
        """Write or replace from a file, streaming."""

    def download(self, prefix: str, folder: Path) -> Sequence[Path]:
        """Every blob under the prefix (which ends in '/') as a file below the folder."""

    def delete(self, name: str) -> None:
        """Gone afterwards, whether it was there or not."""


class JobStatus(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def ended(self) -> bool:
        return self is not JobStatus.RUNNING


@dataclass(frozen=True)
class JobSpec:
    """One training job. The name is deterministic: it is the key under which a killed caller finds it again.

    With a search, the command runs once a trial, with `--NAME VALUE` for each parameter of the space behind it, and
    must write `{out}/metrics.json` with the objective in it; a trial without it has failed, and so has a search
    all of whose trials have. {out} is the best trial's, with `trials.json` (`platforms.trials`) added. Which points
    are drawn at random is the platform's own affair.
    """

    name: str
    code: Path  # folder that holds the script, copied with the job
    command: tuple[str, ...]  # words; "python" is the platform's; {data} and {out} stand for its folders
    dataset_prefix: str  # blobs that lie in {data}
    environment: Mapping[str, str] = field(default_factory=dict)  # extra variables, no secrets
    tags: Mapping[str, str] = field(default_factory=dict)
    time_limit_seconds: int = 3600  # of all trials together, where there are any
    search: Search | None = None
    job_file: str | None = None  # in `code`: what runs instead of the command; see platforms/job_files.py
    parameters: Mapping[str, bool | int | float | str] = field(default_factory=dict)  # inputs of the job file


@dataclass(frozen=True)
class Job:
    name: str
    status: JobStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    reason: str = ""  # why it failed, in words, where that is known
    resumable: bool = False  # whether it failed for no reason of its own, and submitting it again carries it on


class Compute(Protocol):
    """Runs jobs. Never blocks on one: submit, then ask."""

    shares_this_machine: bool  # whether its jobs run beside whoever waits for them

    def submit(self, spec: JobSpec) -> Job:
        """Start the job, or return the one of that name that was started before, whatever became of it.

        One that is resumable is carried on: no trial that has ended is made again.
        """

    def get(self, name: str) -> Job:
        """What the job is doing. NotFound where none was submitted."""

    def logs(self, name: str, last_lines: int = 200) -> str:
        """The end of what it has printed so far, standard output and error together."""

    def cancel(self, name: str) -> None:
        """Stop it and what it started; harmless for one that has ended."""

    def fetch_outputs(self, name: str, folder: Path) -> Path:
        """Copy {out} below the folder and return where it is. Refused while the job runs."""


@dataclass(frozen=True)
class RegisteredModel:
    """One version in the registry. Versions are integers that only grow."""

    name: str
    version: int
    run_id: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]
    created_at: datetime


class Models(Protocol):
    """Runs, versions, tags and aliases. Blocks; every call may be repeated."""

    def start_run(self, experiment: str, key: str, tags: Mapping[str, str]) -> str:
        """The id of the run with that key, made if there is none."""

    def job_environment(self, run_id: str) -> dict[str, str]:
        """The variables by which `mlflow.log_*` in a job reaches the run."""

    def finish_run(self, run_id: str, succeeded: bool, metrics: Mapping[str, float], params: Mapping[str, str]) -> None:
        """Record what came of it and end it."""

    def log_text(self, run_id: str, text: str, artifact: str) -> str:
        """Attach a text (log, card, JSON, HTML) to the run; the address where people can look at it."""

    def register(self, name: str, run_id: str, model: Path, key: str, tags: Mapping[str, str]) -> RegisteredModel:
        """Make a version of the packed MLflow model in that folder, or return the version made under that key."""

    def get(self, name: str, version: int) -> RegisteredModel:
        """NotFound where there is no such version."""

    def versions(self, name: str) -> list[RegisteredModel]:
        """All versions, the oldest first; none for a model nobody registered."""

    def by_alias(self, name: str, alias: str) -> RegisteredModel | None:
        """The version that bears the alias."""

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Give the alias to this version and take it from any other."""

    def tag(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        """Set tags; others stay."""

    def fetch(self, name: str, version: int, folder: Path) -> Path:
        """Copy the packed MLflow model below the folder and return where it is."""

    def run_url(self, run_id: str) -> str:
        """Where a person looks at the run."""

    def version_url(self, name: str, version: int) -> str:
        """Where a person looks at the version."""


class SlotState(StrEnum):
    STARTING = "starting"
    HEALTHY = "healthy"
    FAILED = "failed"


@dataclass(frozen=True)
class Slot:
    """One deployment behind an endpoint (Azure's word: deployment), such as blue or green."""

    name: str
    state: SlotState
    tags: Mapping[str, str]  # at least model_version
    reason: str = ""  # why it failed


@dataclass(frozen=True)
class Endpoint:
    name: str
    scoring_url: str
    slots: Mapping[str, Slot]
    traffic: Mapping[str, int]  # slot name -> per cent; sums to 0 or 100
    tags: Mapping[str, str]


class OnlineEndpoints(Protocol):
    """HTTP endpoints with slots and traffic. No call changes what another slot answers meanwhile.

    Scoring is not here: clients POST to `scoring_url` with `Authorization: Bearer KEY`; the header
    `azureml-model-deployment` reaches a slot whatever the traffic says.
    """

    def ensure(self, name: str, tags: Mapping[str, str]) -> Endpoint:
        """The endpoint, made without slots if it is not there. Refused for a name the service forbids."""

    def get(self, name: str) -> Endpoint:
        """NotFound where there is none."""

    def names(self) -> list[str]:
        """All endpoints."""

    def deploy(self, endpoint: str, slot: str, version: RegisteredModel, tags: Mapping[str, str]) -> Slot:
        """Start a slot on the registered model and return at once, mostly STARTING: poll `get`.

        With the same tags as the slot that is there and has not failed, nothing happens (that is how a killed
        caller carries on); with others, the slot is replaced. Refused for a slot with live traffic.
        """

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int]) -> Endpoint:
        """Shares of requests by slot, atomically. Refused unless they sum to 0 or 100 and name healthy slots."""

    def delete_slot(self, endpoint: str, slot: str) -> None:
        """Stop and remove it; harmless where there is none. Refused while it has live traffic."""

    def logs(self, endpoint: str, slot: str, last_lines: int = 200) -> str:
        """The end of what the slot's server printed."""

    def key(self, endpoint: str) -> str:
        """The key that clients score with. A secret: never logged, never in an artifact."""

    def metrics(self, endpoint: str) -> dict[str, dict[str, Any]]:
        """By slot: requests, errors (5xx), p50_ms, p95_ms, p99_ms of the latest requests. None stands for not known.

        How far back is the platform's: since the slot started where the gateway counts; on Azure the last hour, some
        minutes late, of the slots that were asked anything, with cpu_percent and memory_percent of their machines.
        """


class Predictions(Protocol):
    """What endpoints were asked and what they answered. Who scores decides when it is there: some seconds later."""

    def between(self, endpoint: str, start: datetime, end: datetime) -> pd.DataFrame:
        """Predictions of [start, end), a row each, in the order of time; an empty frame if there are none.

        Columns: correlation_id, time (UTC), model_version, slot, prediction, probability (of two classes),
        probabilities (of more: a dictionary), inputs (a dictionary). What was logged twice, with the same id and
        time, is told once; what was logged in part (a line cut short, a half missing) not at all. A caller may have
        given one id to several predictions: these are told apart by their times.
        """


@dataclass(frozen=True)
class BatchSpec:
    """One scoring of files. The name is deterministic: it is the key under which a killed caller finds it again."""

    name: str  # letters, digits and '-'
    deployment: str | None  # None: the endpoint's default
    input_prefix: str  # ends in '/': every blob under it is a file to score, CSV, Parquet or JSON lines
    output_prefix: str  # ends in '/': below it lie the outputs, in a folder of the job's name
    mini_batch_size: int = 10  # files
    error_threshold: int = 0  # files that may fail before the job does; -1: all of them
    retries: int = 2  # further tries of a mini-batch that raises, dies or takes too long
    timeout_seconds: int = 600  # of one try

    @property
    def outputs(self) -> str:
        """The prefix of what this job writes, there once it is completed. No other job writes there."""
        return f"{self.output_prefix}{self.name}/"


@dataclass(frozen=True)
class BatchEndpoint:
    """A name to invoke, and the deployments behind it by name, each with its tags (at least model_version)."""

    name: str
    deployments: Mapping[str, Mapping[str, str]]
    default: str | None


class BatchEndpoints(Protocol):
    """Registered models that score files. What they write is told in `scoring/batch_score.py`: one layout everywhere.

    Every call may be repeated. None waits for a job; those that make or delete block until it is done.
    """

    def ensure(self, name: str, tags: Mapping[str, str]) -> BatchEndpoint:
        """The endpoint, made without deployments if it is not there. Refused for a name the service forbids."""

    def get(self, name: str) -> BatchEndpoint:
        """NotFound where there is none."""

    def names(self) -> list[str]:
        """All batch endpoints."""

    def deploy(self, endpoint: str, deployment: str, version: RegisteredModel, tags: Mapping[str, str]) -> None:
        """Put the version behind the endpoint; holds no machine until it is invoked.

        With the same tags as the deployment that is there, nothing happens; with others it is replaced. Jobs that
        run keep what they began with. NotFound where there is no such endpoint.
        """

    def set_default(self, endpoint: str, deployment: str) -> BatchEndpoint:
        """Whoever names no deployment gets this one from now on. Refused where it is not there."""

    def invoke(self, endpoint: str, spec: BatchSpec) -> Job:
        """Start the job, or return the one of that name that was started before, whatever became of it.

        NotFound where there is no endpoint, deployment or input. Two callers that come within the same second are
        one job only where the service keeps names apart: take turns.
        """

    def job(self, endpoint: str, name: str) -> Job:
        """What the job of that name (the spec's) is doing. NotFound where none was started."""

    def logs(self, endpoint: str, name: str, last_lines: int = 200) -> str:
        """The end of what the scoring of that job printed."""

    def cancel(self, endpoint: str, name: str) -> None:
        """End it; harmless for one that has ended."""

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Remove it; harmless where there is none. Refused for the default one."""

    def delete(self, endpoint: str) -> None:
        """Remove it with all deployments; harmless where there is none. Outputs stay."""


@dataclass(frozen=True)
class NativeMonitor:
    """What the platform's own monitor is told: the deployment to watch, and the training data to compare it with."""

    endpoint: str
    slot: str
    kind: str  # classification or regression
    dataset: str  # the dataset version that trained what serves
    training_prefix: str  # ends in '/': below it lie the Parquet files of its training rows
    features: tuple[str, ...]
    label: str


class NativeMonitors(Protocol):
    """The platform's own drift monitors, beside ours: one an endpoint. Blocks; every call may be repeated."""

    def ensure(self, monitor: NativeMonitor) -> None:
        """Make the endpoint's monitor, or turn it to this deployment and data."""

    def remove(self, endpoint: str) -> None:
        """Harmless where there is none."""


@dataclass(frozen=True)
class Platform:
    """The adapters that belong together."""

    name: str
    blobs: BlobStore
    compute: Compute
    models: Models
    endpoints: OnlineEndpoints
    predictions: Predictions
    batch: BatchEndpoints
    native_monitors: NativeMonitors | None = None  # None: the platform has none of its own
