"""A team's own job file of Azure ML's CLI v2, on both platforms."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from platforms.ports import JobSpec, JobStatus, Platform, Refused
from tests.waiting import until

SCRIPT = """
import os, pathlib, sys
data, out, word, rate = sys.argv[1:5]
rows = (pathlib.Path(data) / "one.txt").read_text()
pathlib.Path(out, "model.txt").write_text(f"{rows} {word} {rate} {os.environ['COLOUR']}")
print("trained", len(sys.argv), flush=True)
"""
COMMAND = """
$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
type: command
code: src
command: >-
  python fit.py ${{inputs.data}} ${{outputs.model}} ${{inputs.word}} ${{inputs.rate}} $[[--more ${{inputs.absent}}]]
inputs:
  data: {type: uri_folder, path: "azureml:somebody-elses:1"}
  word: hello
  rate: 0.5
outputs: {model: {type: uri_folder}, extra: {type: uri_folder}}
environment_variables: {COLOUR: red}
"""
PIPELINE = """
type: pipeline
inputs: {data: {type: uri_folder}}
outputs: {out: {type: uri_folder}}
jobs:
  fit:
    type: command
    code: ./src
    command: COLOUR=blue python fit.py ${{inputs.data}} ${{outputs.out}} piped 1
    environment: azureml:bare:1
    inputs: {data: "${{parent.inputs.data}}"}
    outputs: {out: "${{parent.outputs.out}}"}
"""


def job(platform: Platform, folder: Path, text: str, **parameters: object) -> JobSpec:
    """A job of its own name and data, from a file with this text."""
    name = f"file-{uuid4().hex[:12]}"
    platform.blobs.write(f"{name}/one.txt", b"rows")
    code = folder / "team"
    (code / "src").mkdir(parents=True)
    (code / "src" / "fit.py").write_text(SCRIPT)
    (code / "job.yml").write_text(text)
    return JobSpec(name, code, (), f"{name}/", job_file="job.yml", parameters=parameters)  # type: ignore[arg-type]


def outputs_of(platform: Platform, spec: JobSpec, folder: Path) -> Path:
    platform.compute.submit(spec)
    found = until(lambda: (found := platform.compute.get(spec.name)).status.ended and found, what="its end")
    assert found.status is JobStatus.COMPLETED, (found, platform.compute.logs(spec.name))
    return platform.compute.fetch_outputs(spec.name, folder / "o")


def test_a_command_file_runs_on_our_data_with_our_parameters(platform: Platform, tmp_path: Path) -> None:
    spec = job(platform, tmp_path, COMMAND, rate=0.25)
    out = outputs_of(platform, spec, tmp_path)
    assert (out / "model.txt").read_text() == "rows hello 0.25 red"
    assert "trained 5" in platform.compute.logs(spec.name)
    assert (spec.code / "job.yml").read_text() == COMMAND


@pytest.mark.parametrize(
    ("text", "parameters", "told"),
    [
        (COMMAND.replace("  data: {type", "  rows: {type"), {}, "has no input named data: add `inputs: {data:"),
        (COMMAND.replace("{model: {type: uri_folder}, ", "{"), {}, "has no output named out or model"),
        (COMMAND.replace("type: command", "type: spark"), {}, "a job of type spark"),
        (COMMAND, {"depth": 3}, "has no input depth for train.parameters; it has rate, word"),
        ("command: [", {}, "job.yml cannot be read"),
    ],
)
def test_what_a_file_lacks_is_told(
    platform: Platform, tmp_path: Path, text: str, parameters: dict[str, object], told: str
) -> None:
    with pytest.raises(Refused) as caught:
        platform.compute.submit(job(platform, tmp_path, text, **parameters))
    assert told in str(caught.value)


def test_a_pipeline_file_runs_on_azure(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Environment

    from platforms.azure.clients import AzureClients

    azure = request.getfixturevalue("azure")
    client = AzureClients(azure.settings.require_azure()).workspace("development")
    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    spec = job(azure.platform, tmp_path, PIPELINE)
    out = outputs_of(azure.platform, spec, tmp_path)
    assert (out / "model.txt").read_text() == "rows piped 1 blue"
    log = azure.platform.compute.logs(spec.name)
    assert "fit: Completed" in log
    assert "trained 5" in log


def test_a_pipeline_file_is_refused_here_with_what_to_do(tmp_path: Path) -> None:
    from platforms.local.blobs import LocalBlobStore
    from platforms.local.compute import LocalCompute

    blobs = LocalBlobStore(tmp_path / "blobs")
    local = Platform("local", blobs, LocalCompute(tmp_path / "jobs", blobs), None, None, None, None)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="set PERENNIAL_PLATFORM to azure or azure-emulated, or let"):
        local.compute.submit(job(local, tmp_path, PIPELINE))
