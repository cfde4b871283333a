"""Workloads as files: a folder each, with a `workload.yaml` in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lifecycle.workload import Workload

FILE = "workload.yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there


class InvalidWorkload(ValueError):
    """A workload that cannot be used: the file, the fields and what is allowed."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        super().__init__(f"{path}:\n" + "\n".join(f"  {problem}" for problem in problems))


@dataclass(frozen=True)
class WorkloadFolder:
    """A workload and where its script lies."""

    workload: Workload
    folder: Path


def load_workload(path: Path) -> WorkloadFolder:
    """The workload of a folder or of its file. InvalidWorkload says what is wrong in which field."""
    file = path / FILE if path.is_dir() else path
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe one
    except FileNotFoundError:
        raise InvalidWorkload(file, ["there is no such file"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidWorkload(file, [f"it is no YAML: {error}"]) from None
    if not isinstance(content, dict):
        raise InvalidWorkload(file, ["it must hold fields, such as `name: diabetes`"])
    workload = _validate(file, content)
    for field in ("script", "job"):
        named = getattr(workload.train, field)
        if named is not None and not (file.parent / named).is_file():
            raise InvalidWorkload(file, [f"train.{field}: there is no file {named} beside it"])
    return WorkloadFolder(workload, file.parent)


def find_workload(root: Path, name: str) -> WorkloadFolder:
    """The workload of that name below the workloads folder."""
    for folder in _folders(root):
        if folder.name == name:
            return load_workload(folder)
    for folder in _folders(root):
        try:
            found = load_workload(folder)
        except InvalidWorkload:
            continue
        if found.workload.name == name:
            return found
    known = ", ".join(folder.name for folder in _folders(root)) or "none"
    raise LookupError(f"There is no workload {name!r} in {root}. There are: {known}.")


def all_workloads(root: Path) -> tuple[list[WorkloadFolder], list[InvalidWorkload]]:
    """Every valid workload below the folder, and what is wrong with the others: one broken file hurts no other."""
    valid: dict[str, WorkloadFolder] = {}
    broken: list[InvalidWorkload] = []
    for folder in _folders(root):
        try:
            found = load_workload(folder)
        except InvalidWorkload as error:
            broken.append(error)
            continue
        twin = valid.get(found.workload.name)
        if twin is not None:
            broken.append(
                InvalidWorkload(folder / FILE, [f"name: {twin.folder} has the name {found.workload.name} too"])
            )
        else:
            valid[found.workload.name] = found
    return list(valid.values()), broken


def _folders(root: Path) -> list[Path]:
    return sorted(file.parent for file in root.glob(f"*/{FILE}"))


def _validate(file: Path, content: dict[str, Any]) -> Workload:
    try:
        # By way of JSON, where strictness allows lists for tuples but no text for a number.
        return Workload.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        problems = [_problem(details) for details in error.errors()]
        raise InvalidWorkload(file, problems) from None


def _problem(details: Any) -> str:
    where = ".".join(str(part) for part in details["loc"]) or "the file"
    if details["type"] == "extra_forbidden":
        return f"{where}: there is no such field"
    if details["type"] == "string_pattern_mismatch":
        return f"{where}: {details['input']!r} does not match {details['ctx']['pattern']}"
    return f"{where}: {details['msg'].removeprefix('Value error, ')} (got {details['input']!r})"
