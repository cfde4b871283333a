"""From the service's description of a command job to what the runner does: names resolved, words filled in."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from azureml_emulator.errors import user_error
from azureml_emulator.locations import Locations
from azureml_emulator.store import Document
from azureml_emulator.world import World

_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_PLACE = re.compile(r"\$\{\{\s*(inputs|outputs)\.([A-Za-z0-9_\-]+)\s*\}\}")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")


def make_spec(world: World, locations: Locations, workspace: str, name: str, properties: Document) -> Document:
    """All that the runner needs to know, as JSON."""
    inputs, outputs = properties.get("inputs") or {}, properties.get("outputs") or {}
    fetched = {key: _input(locations, workspace, value) for key, value in inputs.items() if "uri" in value}
    written = {key: asdict(locations.find(workspace, value["uri"])) for key, value in outputs.items()}
    code = properties.get("codeId")
    literals = {key: str(value.get("value")) for key, value in inputs.items() if "uri" not in value}
    return {
        "name": name,
        "command": _without_unset(properties["command"], set(inputs)),
        "code": asdict(locations.find(workspace, code)) if code else None,
        "inputs": fetched,
        "literals": literals,
        "outputs": {key: value for key, value in written.items() if key != "default"},
        "artifacts": written["default"],
        "timeout": seconds((properties.get("limits") or {}).get("timeout")),
        "environment": _environment(world, workspace, name, properties),
    }


def fill_in(command: str, words: dict[str, str]) -> str:
    """A command with its placeholders replaced; `words` has keys such as `inputs.data`."""
    return _PLACE.sub(lambda match: words[f"{match[1]}.{match[2]}"], command)


def seconds(duration: str | None) -> float | None:
    """An ISO 8601 duration."""
    if not duration:
        return None
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise user_error(f"The duration {duration!r} is not valid.")
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + rest


def _without_unset(command: str, inputs: set[str]) -> str:
    """`$[[…]]` stays where its inputs are given; any other unknown name is the submitter's error."""

    def keep(match: re.Match[str]) -> str:
        named = {name for side, name in _PLACE.findall(match[1]) if side == "inputs"}
        return match[1] if named <= inputs else ""

    command = _OPTIONAL.sub(keep, command)
    for side, name in _PLACE.findall(command):
        if side == "inputs" and name not in inputs:
            raise user_error(f"The command names the input {name!r}, which the job does not have.")
    return command


def _input(locations: Locations, workspace: str, value: Document) -> dict[str, Any]:
    kind = "models" if value["jobInputType"].endswith("_model") else "data"
    return {**asdict(locations.find(workspace, value["uri"], kind)), "file": value["jobInputType"] == "uri_file"}


def _environment(world: World, workspace: str, name: str, properties: Document) -> dict[str, str]:
    settings = world.settings
    known = {
        "AZUREML_RUN_ID": name,
        "AZUREML_ARM_SUBSCRIPTION": settings.subscription,
        "AZUREML_ARM_RESOURCEGROUP": settings.resource_group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace,
        "AZUREML_ARM_PROJECT_NAME": properties["experimentName"],
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
    }
    if settings.mlflow_of(workspace) is not None:
        tracking = f"azureml://{settings.data_plane}/mlflow/v1.0{settings.workspace_id(workspace)}"
        known |= {"MLFLOW_TRACKING_URI": tracking, "MLFLOW_RUN_ID": name}
        known |= {"MLFLOW_EXPERIMENT_NAME": properties["experimentName"]}
    return known | {key: str(value) for key, value in (properties.get("environmentVariables") or {}).items()}
