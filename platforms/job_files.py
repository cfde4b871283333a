"""Job files of Azure ML's CLI v2 that a team has already: what of them is ours to fill in, on every platform.

The dataset version is the input `data`; the model comes out of the output `out`, or else `model`; the workload's
parameters are inputs of their names. All else is the file's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from platforms.ports import Refused

DATA = "data"
OUT = ("out", "model")
_KINDS = ("command", "pipeline")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_PLACE = re.compile(r"\$\{\{\s*(inputs|outputs)\.([A-Za-z0-9_\-]+)\s*\}\}")


@dataclass(frozen=True)
class JobFile:
    """A job file as it stands; paths in it are relative to its folder."""

    path: Path
    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """command or pipeline."""
        return str(self.content.get("type", "command"))

    @property
    def inputs(self) -> dict[str, Any]:
        return dict(self.content.get("inputs") or {})

    @property
    def outputs(self) -> dict[str, Any]:
        return dict(self.content.get("outputs") or {})

    @property
    def out(self) -> str:
        """The output that the model comes out of."""
        return next(name for name in OUT if name in self.outputs)

    def bound(self, data: Any, out: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The content with our places and parameters in it."""
        inputs = {**self.inputs, **parameters, DATA: data}
        return {**self.content, "inputs": inputs, "outputs": {**self.outputs, self.out: out}}


def read_job_file(path: Path, parameters: Mapping[str, Any]) -> JobFile:
    """The file, checked. Refused says what it lacks, and what to write."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Refused(f"{path.name} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise Refused(f"{path.name} is no job file: it must hold fields, such as `command: …`.")
    file = JobFile(path, content)
    if file.kind not in _KINDS:
        raise Refused(f"{path.name} is a job of type {file.kind}; {' and '.join(_KINDS)} jobs can be trained by.")
    if DATA not in file.inputs:
        raise Refused(f"{path.name} has no input named {DATA}: add `inputs: {{{DATA}: {{type: uri_folder}}}}`.")
    if not any(name in file.outputs for name in OUT):
        raise Refused(f"{path.name} has no output named out or model: add `outputs: {{out: {{type: uri_folder}}}}`.")
    unknown = sorted(set(parameters) - set(file.inputs))
    if unknown:
        there = ", ".join(sorted(set(file.inputs) - {DATA})) or "none but data"
        raise Refused(f"{path.name} has no input {', '.join(unknown)} for train.parameters; it has {there}.")
    return file


def filled_in(command: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """A command with its places filled in; `$[[…]]` stays where its inputs are there."""
    words = {**{f"inputs.{name}": value for name, value in inputs.items()}}
    words |= {f"outputs.{name}": value for name, value in outputs.items()}

    def there(match: re.Match[str]) -> str:
        return match[1] if all(f"{side}.{name}" in words for side, name in _PLACE.findall(match[1])) else ""

    def word(match: re.Match[str]) -> str:
        try:
            return words[f"{match[1]}.{match[2]}"]
        except KeyError:
            raise Refused(f"The command names {match[0]}, which the job file does not have.") from None

    return _PLACE.sub(word, _OPTIONAL.sub(there, command))
