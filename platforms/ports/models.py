"""Tracked runs, and the registry of model versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


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
        """Attach a text (log, card, JSON, HTML) to the run; the address where people can look at it.

        Under one name it is one text: a platform may keep the first.
        """

    def delete_text(self, run_id: str, artifact: str) -> bool:
        """Whether the text is gone afterwards; False where the platform keeps whatever a run was given."""

    def register(self, name: str, run_id: str, model: Path, key: str, tags: Mapping[str, str]) -> RegisteredModel:
        """Make a version of the packed MLflow model in that folder, or return the version made under that key."""

    def get(self, name: str, version: int) -> RegisteredModel:
        """NotFound where there is no such version."""

    def versions(self, name: str) -> list[RegisteredModel]:
        """All versions, the oldest first; none for a model nobody registered."""

    def by_alias(self, name: str, alias: str) -> RegisteredModel | None:
        """The version that bears the alias."""

    def bearers(self, alias: str) -> dict[str, RegisteredModel]:
        """By model, the versions that bear the alias, as far as a few calls tell them for all models together.

        A model that is absent may have one all the same: ask `by_alias`.
        """

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
