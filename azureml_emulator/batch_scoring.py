"""Batch scoring jobs: a job outside, and one child, `batchscoring`, that runs the driver over the input's files."""

from __future__ import annotations

import shlex
from pathlib import Path
from uuid import uuid4

from azureml_emulator import batch_driver
from azureml_emulator.composites import Children, Step
from azureml_emulator.errors import user_error
from azureml_emulator.job_runs import TERMINAL
from azureml_emulator.job_spec import seconds
from azureml_emulator.jobs import Jobs
from azureml_emulator.locations import Locations
from azureml_emulator.store import Document
from azureml_emulator.world import World

BATCH_SCORING = "BatchScoring"  # the kind among the jobs of jobs
_CHILD = "batchscoring"
_INPUT_TYPES = {"urifolder": "uri_folder", "urifile": "uri_file", "literal": "literal"}


class BatchScoring:
    """The child's description is made when the endpoint is invoked: a deployment may change while its job runs."""

    log = "logs/azureml/executionlogs.txt"

    def __init__(self, world: World, locations: Locations) -> None:
        self._world = world
        self._locations = locations

    def begin(self, jobs: Jobs, workspace: str, deployment: Document, request: Document) -> Document:
        """Submit the job of an invocation; `request` is its properties. The job as the client sees it."""
        name = request.get("name") or f"batchjob-{uuid4()}"
        inputs = {key: _input(value) for key, value in (request.get("inputData") or {}).items()}
        if not any("uri" in value for value in inputs.values()):
            raise user_error("The invocation names no input data.")
        asked = (request.get("outputData") or {}).get("score") or {}
        output = {"jobOutputType": "uri_folder", **({"uri": asked["uri"]} if asked.get("uri") else {})}
        *_, endpoint, _, deployed = deployment["id"].split("/")
        properties = {
            "jobType": "Pipeline",
            "experimentName": (request.get("properties") or {}).get("experimentName") or endpoint,
            "inputs": inputs,
            "outputs": {"score": output},
            "properties": {"azureml.endpoint": endpoint, "azureml.deployment": deployed},
            "tags": {"azureml.batchrun": "true", "endpoint": endpoint, "deployment": deployed},
        }
        plan = self._child(workspace, {**deployment["properties"], **_overrides(request)}, inputs)
        self._world.store.put(workspace, "batchPlans", name, plan)
        return jobs.submit(workspace, name, properties, kind=BATCH_SCORING)

    def prepare(self, _workspace: str, properties: Document) -> Document:
        return properties

    def step(self, workspace: str, job: Document, children: Children) -> Step:
        if not children:
            plan = self._world.require(workspace, "batchPlans", job["name"])
            outputs = {"score": dict(job["properties"]["outputs"]["score"])}
            more = {"experimentName": job["properties"]["experimentName"], "outputs": outputs}
            return Step(start={_CHILD: (str(uuid4()), {**plan, **more})})
        child = children[_CHILD]["properties"]
        if child["status"] not in TERMINAL:
            return Step()
        return Step(status=child["status"], error=(child.get("error") or {}).get("message", ""))

    def _child(self, workspace: str, settings: Document, inputs: Document) -> Document:
        """The command job that scores."""
        retries, code = settings["retrySettings"], settings["codeConfiguration"]
        named = [f'"${{{{inputs.{key}}}}}"' for key, value in inputs.items() if "uri" in value]
        words = {
            "script": code["scoringScript"],
            "output-file-name": settings["outputFileName"],
            "output-action": settings["outputAction"],
            "mini-batch-size": settings["miniBatchSize"],
            "concurrency": settings["maxConcurrencyPerInstance"],
            "error-threshold": settings["errorThreshold"],
            "max-retries": retries["maxRetries"],
            "timeout": seconds(retries["timeout"]),
        }
        command = ["python", shlex.quote(str(Path(batch_driver.__file__).resolve()))]
        command += [f"--{word}={shlex.quote(str(value))}" for word, value in words.items()]
        model = (settings.get("model") or {}).get("assetId")
        if model:
            inputs = {**inputs, "azureml_model": {"jobInputType": "custom_model", "uri": model}}
            command += [
                '--model="${{inputs.azureml_model}}"',
                f"--model-folder={shlex.quote(self._folder(workspace, model))}",
            ]
        command += ['--output="${{outputs.score}}"', "--inputs", *named]
        return {
            "jobType": "Command",
            "displayName": _CHILD,
            "command": " ".join(command),
            "codeId": code["codeId"],
            "environmentId": settings.get("environmentId"),
            "environmentVariables": settings.get("environmentVariables") or {},
            "computeId": settings.get("compute"),
            "inputs": inputs,
        }

    def _folder(self, workspace: str, model: str) -> str:
        """The name of the model's folder; empty for a model that is a single file."""
        place = self._locations.find(workspace, model, "models")
        path = place.path.strip("/")
        return "" if self._world.blobs.list(place.container, path) == [path] else path.rpartition("/")[2]


def _input(value: Document) -> Document:
    kind = _INPUT_TYPES.get(str(value.get("jobInputType")).lower())
    if kind is None:
        raise user_error(f"Inputs of type {value.get('jobInputType')!r} cannot be scored.")
    return {**value, "jobInputType": kind}


def _overrides(request: Document) -> Document:
    known = ("miniBatchSize", "errorThreshold", "outputFileName", "retrySettings")
    return {key: request[key] for key in known if request.get(key) is not None}
