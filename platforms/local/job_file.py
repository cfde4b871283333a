"""A team's command job of Azure ML on this machine: its command and places are the file's, its packages are ours."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platforms.job_files import DATA, JobFile, filled_in, read_job_file
from platforms.ports import JobSpec, Refused


def checked(spec: JobSpec) -> JobFile:
    """The job's file. Refused where it cannot run here, with what to do."""
    file = read_job_file(spec.code / str(spec.job_file), spec.parameters)
    if file.kind == "pipeline":
        raise Refused(
            f"{spec.job_file} is a pipeline, and pipelines run on Azure ML only: set PERENNIAL_PLATFORM to azure or "
            "azure-emulated, or let train.script name the script that trains."
        )
    if not isinstance(file.content.get("command"), str):
        raise Refused(f"{spec.job_file} has no command.")
    return file


def command(file: JobFile, spec: JobSpec, folder: Path) -> list[str]:
    """What runs in the job's folder, through a shell as on Azure ML."""
    home = folder / "code" / spec.code.name / Path(str(spec.job_file)).parent
    inputs = {
        name: _input(name, value, home) for name, value in {**file.inputs, **spec.parameters}.items() if name != DATA
    }
    outputs = {name: str(folder / "outputs" / name) for name in file.outputs} | {file.out: str(folder / "out")}
    line = filled_in(file.content["command"], {**inputs, DATA: str(folder / "data")}, outputs)
    where = home / str(file.content.get("code") or ".")
    made = shlex.join(["mkdir", "-p", *outputs.values()])
    return ["/bin/bash", "-c", f"{made} && cd {shlex.quote(str(where))} && {line}"]


def environment(file: JobFile) -> Mapping[str, str]:
    """The file's variables, and our Python as `python`."""
    own = {name: str(value) for name, value in (file.content.get("environment_variables") or {}).items()}
    return {**own, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _input(name: str, value: Any, home: Path) -> str:
    """A literal, or a file that goes along with the code."""
    if not isinstance(value, dict):
        return str(value)
    if "path" not in value:
        return str(value.get("value", value.get("default", "")))
    path = str(value["path"])
    if ":" in path:
        raise Refused(
            f"The input {name} is {path}, which only Azure ML can read: here an input is beside the job file."
        )
    return str(home / path)
