"""Models that score files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from platforms.ports.compute import Job
from platforms.ports.models import RegisteredModel


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
