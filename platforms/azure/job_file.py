"""A team's job file for Azure ML: submitted as it is but for its name, tags, data, outputs and what it leaves open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from platforms.job_files import JobFile
from platforms.ports import JobSpec


def load(file: JobFile, folder: Path, spec: JobSpec, data: str, out: str, defaults: dict[str, str]) -> Any:
    """The SDK's job. `folder` is a copy of the code, in which the file is written anew.

    defaults: `environment` and `compute`, for a file that names none.
    """
    from azure.ai.ml import load_job

    bound = file.bound({"type": "uri_folder", "path": data}, {"type": "uri_folder", "path": out}, spec.parameters)
    bound |= {"name": spec.name, "display_name": spec.name}
    bound["experiment_name"] = file.content.get("experiment_name") or spec.tags.get("workload", "perennial")
    bound["tags"] = {**(file.content.get("tags") or {}), **spec.tags}
    if file.kind == "command":
        bound = {**defaults, **bound}
        bound["environment_variables"] = {**(file.content.get("environment_variables") or {}), **spec.environment}
        bound["limits"] = {"timeout": spec.time_limit_seconds, **(file.content.get("limits") or {})}
    else:
        bound["settings"] = {"default_compute": defaults["compute"], **(file.content.get("settings") or {})}
    place = folder / spec.code.name / str(spec.job_file)
    place.write_text(yaml.safe_dump(bound, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return load_job(place)
