"""A registry in a file, in MLflow's stead: the walk asks the registry most of all, and MLflow takes 20 ms a question.

It keeps what matters here: each call is whole or not at all, a tag of a call is written at a time, an alias has one
bearer. The sample of the walk that runs on MLflow says whether that is so there, too.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platforms.folder_digest import SHA256, folder_digest
from platforms.ports import NotFound, RegisteredModel


class FileModels:
    """The part of `Models` that a release in production uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def start_run(self, experiment: str, key: str, tags: Mapping[str, str]) -> str:  # noqa: ARG002 - the port's
        return f"{experiment}-{key}"

    def register(self, name: str, run_id: str, model: Path, key: str, tags: Mapping[str, str]) -> RegisteredModel:
        with self._open(name) as content:
            number = len(content["versions"]) + 1
            shutil.copytree(model, self._model(name, number))
            content["versions"].append(
                {
                    "run_id": run_id,
                    "tags": {**tags, "perennial.key": key, SHA256: folder_digest(model)},
                    "at": datetime.now(UTC).isoformat(),
                }
            )
        return self.get(name, number)

    def get(self, name: str, version: int) -> RegisteredModel:
        found = {one.version: one for one in self.versions(name)}
        if version not in found:
            raise NotFound(f"There is no version {version} of the model {name}.")
        return found[version]

    def versions(self, name: str) -> list[RegisteredModel]:
        with self._open(name, change=False) as content:
            return [_registered(name, number, content) for number in range(1, len(content["versions"]) + 1)]

    def by_alias(self, name: str, alias: str) -> RegisteredModel | None:
        return next((one for one in self.versions(name) if alias in one.aliases), None)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        with self._open(name) as content:
            content["aliases"][alias] = version

    def tag(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        with self._open(name) as content:
            content["versions"][version - 1]["tags"] |= dict(tags)

    def fetch(self, name: str, version: int, folder: Path) -> Path:
        target = Path(tempfile.mkdtemp(prefix=f"{name}-{version}-", dir=folder)) / "model"
        shutil.copytree(self._model(name, version), target)
        return target

    def _model(self, name: str, version: int) -> Path:
        return self._folder / f"{name}-{version}"

    @contextmanager
    def _open(self, name: str, change: bool = True) -> Iterator[dict[str, Any]]:
        """The content, written back whole; one process at a time."""
        file = self._folder / f"{name}.json"
        with (self._folder / f"{name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = json.loads(file.read_text()) if file.exists() else {"versions": [], "aliases": {}}
            yield content
            if change:
                part = file.with_suffix(".part")
                part.write_text(json.dumps(content))
                part.replace(file)


def _registered(name: str, number: int, content: Mapping[str, Any]) -> RegisteredModel:
    told = content["versions"][number - 1]
    aliases = tuple(sorted(alias for alias, bearer in content["aliases"].items() if bearer == number))
    return RegisteredModel(name, number, told["run_id"], told["tags"], aliases, datetime.fromisoformat(told["at"]))
