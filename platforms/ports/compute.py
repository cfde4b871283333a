"""Training jobs: one command, a search of many trials, or a team's own job file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from lifecycle.search import Search


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
    submitted_at: datetime | None = None  # since when it waited for compute, where it waits for any


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
