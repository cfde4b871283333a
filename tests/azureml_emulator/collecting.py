"""Our own scoring server behind the emulator, deployed by the real SDK with a data collector."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from scoring import ENTRY_SCRIPTS
from scoring.environment import build_environment
from tests.azureml_emulator.conftest import Emulator
from tests.conftest import ROOT
from tests.toy_model import pack_toy_model

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def serve_command() -> str:
    """What `--serve` takes to serve with azureml-inference-server-http in its own environment."""
    python = build_environment(ROOT / ".perennial" / "environments")
    return f"{python} {ROOT / 'scoring' / 'serve.py'} --entry_script {{app_root}}/{{entry_script}} --port {{port}}"


def deploy(client: MLClient, endpoint: str, slot: str, folder: Path, collections: dict[str, str], **more: Any) -> None:
    """An endpoint with our `score.py` on the toy model, with all traffic. `more` is the collector's."""
    from azure.ai.ml.entities import (
        CodeConfiguration,
        DataCollector,
        DeploymentCollection,
        Environment,
        ManagedOnlineDeployment,
        ManagedOnlineEndpoint,
        Model,
    )

    (folder / "model").mkdir(parents=True)
    (folder / "code").mkdir()
    pack_toy_model(folder / "model")
    for script in ENTRY_SCRIPTS:
        shutil.copyfile(ROOT / "scoring" / script, folder / "code" / script)
    wanted = ManagedOnlineEndpoint(name=endpoint, auth_mode="key")
    client.online_endpoints.begin_create_or_update(wanted).result()
    model = client.models.create_or_update(Model(name=f"{endpoint}-{slot}", version="1", path=str(folder / "model")))
    client.environments.create_or_update(Environment(name="scoring", version="1", image="python:3.11"))
    wanted_slot = ManagedOnlineDeployment(
        name=slot,
        endpoint_name=endpoint,
        model=model.id,
        environment="azureml:scoring:1",
        code_configuration=CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
        instance_type="Standard_DS3_v2",
        instance_count=1,
        environment_variables={
            "PERENNIAL_ENDPOINT": endpoint,
            "PERENNIAL_SLOT": slot,
            "PERENNIAL_MODEL_VERSION": "3",
            "PERENNIAL_LOG_FLUSH_SECONDS": "0.2",
            "WORKER_COUNT": "1",
            "AML_APP_INSIGHTS_ENABLED": "false",
        },
        data_collector=DataCollector(
            collections={name: DeploymentCollection(enabled=on) for name, on in collections.items()}, **more
        ),
    )
    client.online_deployments.begin_create_or_update(wanted_slot).result()
    changed = client.online_endpoints.get(endpoint)
    changed.traffic = {slot: 100}
    client.online_endpoints.begin_create_or_update(changed).result()


def score(emulator: Emulator, client: MLClient, endpoint: str, body: Any) -> httpx.Response:
    key = client.online_endpoints.get_keys(endpoint).primary_key
    url = client.online_endpoints.get(endpoint).scoring_uri
    with emulator.http(token=False) as http:
        return http.post(url, json=body, headers={"Authorization": f"Bearer {key}"})
