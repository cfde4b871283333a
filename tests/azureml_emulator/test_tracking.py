"""MLflow's client, with Azure ML's plugin, on a workspace."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.azureml_emulator.conftest import Emulator, make_client, wait

_CLIENT = """
import json, sys
import mlflow
from mlflow.tracking import MlflowClient
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("diabetes")
with mlflow.start_run(run_name="one") as run:
    mlflow.log_param("rate", 0.5)
    mlflow.log_metric("auc", 0.9)
    mlflow.set_tag("workload", "diabetes")
    mlflow.log_text("hello", "notes/a.txt")
data = MlflowClient().get_run(run.info.run_id).data
text = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt")
try:
    MlflowClient().get_logged_model("m-1")
    logged = "found"
except Exception as error:
    logged = str(error)
found = {"params": data.params, "metrics": data.metrics, "tag": data.tags["workload"]}
print(json.dumps({**found, "logged": logged, "text": text}))
"""


@pytest.fixture
def tracked(own_emulator: Emulator, tracking_server: str) -> Emulator:
    own_emulator.arguments = ["--mlflow", tracking_server]
    own_emulator.restart()
    return own_emulator


def test_a_run_is_tracked_and_logged_models_are_not_there(tracked: Emulator) -> None:
    described = tracked.description
    scope = f"/subscriptions/{described['subscription']}/resourceGroups/{described['resource_group']}"
    workspace = f"{scope}/providers/Microsoft.MachineLearningServices/workspaces/development"
    uri = f"azureml://{described['region']}.api.azureml.ms/mlflow/v1.0{workspace}"
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    environment = {**os.environ, **described["environment"], **quiet}
    command = [sys.executable, "-c", _CLIENT, uri]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert "Resource not found" in found.pop("logged")
    assert found == {"params": {"rate": "0.5"}, "metrics": {"auc": 0.9}, "tag": "diabetes", "text": "hello"}


def test_a_jobs_run_has_the_jobs_name(tracked: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.ai.ml import command
    from azure.ai.ml.entities import Environment

    for name, value in tracked.description["environment"].items():
        monkeypatch.setenv(name, value)
    client = make_client(tracked, "development")
    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    script = "import mlflow; mlflow.start_run(); mlflow.log_metric('auc', 0.75)"
    job = command(name="job-one", command=f'python -c "{script}"', environment="azureml:bare:1", experiment_name="e")
    client.jobs.create_or_update(job)
    assert wait(client, "job-one") == "Completed"
    base = client.workspaces.get("development").mlflow_tracking_uri.replace("azureml:", "https:")
    url = f"{base}/api/2.0/mlflow/runs/get"
    run = tracked.http().get(url, params={"run_id": "job-one"}).json()["run"]
    assert (run["info"]["run_id"], run["info"]["status"]) == ("job-one", "FINISHED")
    assert run["data"]["metrics"][0]["value"] == 0.75
