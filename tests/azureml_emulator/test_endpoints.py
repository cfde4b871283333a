"""Online endpoints and deployments that really serve."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import Emulator, make_client
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    import httpx
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import OnlineEndpoint


@pytest.fixture
def endpoint(client: MLClient) -> OnlineEndpoint:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    wanted = ManagedOnlineEndpoint(name=f"e-{uuid4().hex[:8]}", auth_mode="key", tags={"workload": "diabetes"})
    return client.online_endpoints.begin_create_or_update(wanted).result()


def _deploy(client: MLClient, endpoint: str, name: str, weights: str, folder: Path) -> None:
    from azure.ai.ml.entities import Environment, ManagedOnlineDeployment, Model

    model = folder / name
    model.mkdir(exist_ok=True)
    (model / "weights.txt").write_text(weights)
    made = client.models.create_or_update(Model(name=f"{endpoint}-{name}", version="1", path=str(model)))
    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    wanted = ManagedOnlineDeployment(
        name=name,
        endpoint_name=endpoint,
        model=made.id,
        environment="azureml:bare:1",
        instance_type="Standard_DS3_v2",
        instance_count=1,
        environment_variables={"COLOUR": name},
        tags={"version": "1"},
    )
    client.online_deployments.begin_create_or_update(wanted).result()


def _score(emulator: Emulator, client: MLClient, name: str, sent: object, **headers: str) -> httpx.Response:
    endpoint = client.online_endpoints.get(name)
    key = client.online_endpoints.get_keys(name).primary_key
    everything = {"Authorization": f"Bearer {key}", **headers}
    with emulator.http(token=False) as http:
        return http.post(endpoint.scoring_uri, json=sent, headers=everything)


def _set_traffic(client: MLClient, name: str, traffic: dict[str, int], mirror: dict[str, int] | None = None) -> None:
    endpoint = client.online_endpoints.get(name)
    endpoint.traffic, endpoint.mirror_traffic = traffic, mirror or {}
    client.online_endpoints.begin_create_or_update(endpoint).result()


def test_a_deployment_serves(sdk: Emulator, client: MLClient, endpoint: OnlineEndpoint, tmp_path: Path) -> None:
    name = str(endpoint.name)
    _deploy(client, name, "blue", "0.5", tmp_path)
    _set_traffic(client, name, {"blue": 100})
    answer = _score(sdk, client, name, [1, 2])
    assert answer.json() == {"model": "0.5", "sent": [1, 2], "colour": "blue"}
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert "model: 0.5" in client.online_deployments.get_logs("blue", name, 100)
    assert client.online_deployments.get("blue", name).tags == {"version": "1"}
    assert name in {found.name for found in client.online_endpoints.list()}


def test_traffic_goes_where_it_is_sent(
    sdk: Emulator, client: MLClient, endpoint: OnlineEndpoint, tmp_path: Path
) -> None:
    from azure.core.exceptions import HttpResponseError

    name = str(endpoint.name)
    for colour in ("blue", "green"):
        _deploy(client, name, colour, colour, tmp_path)
    assert _score(sdk, client, name, 1).status_code == 404
    _set_traffic(client, name, {"blue": 100, "green": 0}, {"green": 50})
    assert _score(sdk, client, name, 1).json()["model"] == "blue"
    pinned = {"azureml-model-deployment": "green"}
    assert _score(sdk, client, name, 1, **pinned).json()["model"] == "green"
    for traffic, mirror in (
        ({"blue": 90}, {}),
        ({"blue": 100}, {"green": 51}),
        ({"blue": 50, "green": 50}, {"green": 10}),
        ({"red": 100}, {}),
    ):
        with pytest.raises(HttpResponseError, match="UserError"):
            _set_traffic(client, name, traffic, mirror)
    with pytest.raises(HttpResponseError, match="has traffic"):
        client.online_deployments.begin_delete("blue", name).result()
    _set_traffic(client, name, {"blue": 0, "green": 100})
    client.online_deployments.begin_delete("blue", name).result()
    assert [found.name for found in client.online_deployments.list(name)] == ["green"]
    client.online_endpoints.begin_delete(name).result()
    assert name not in {found.name for found in client.online_endpoints.list()}


def test_the_key_is_checked(sdk: Emulator, client: MLClient, endpoint: OnlineEndpoint) -> None:
    name = str(endpoint.name)
    assert _score(sdk, client, name, 1, Authorization="Bearer wrong").status_code == 401
    before = client.online_endpoints.get_keys(name)
    client.online_endpoints.begin_regenerate_keys(name, key_type="primary").result()
    after = client.online_endpoints.get_keys(name)
    assert (before.primary_key != after.primary_key, before.secondary_key) == (True, after.secondary_key)


def test_a_models_failure_is_told_as_the_models(
    sdk: Emulator, client: MLClient, endpoint: OnlineEndpoint, tmp_path: Path
) -> None:
    name = str(endpoint.name)
    _deploy(client, name, "blue", "1", tmp_path)
    answer = _score(sdk, client, name, "fail", **{"azureml-model-deployment": "blue"})
    assert (answer.status_code, answer.headers["ms-azureml-model-error-statuscode"]) == (424, "500")


def test_a_server_that_ends_fails_its_deployment(client: MLClient, endpoint: OnlineEndpoint, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    name = str(endpoint.name)
    with pytest.raises(HttpResponseError, match="crashed or terminated with exit code 3"):
        _deploy(client, name, "blue", "broken", tmp_path)
    assert client.online_deployments.get("blue", name).provisioning_state == "Failed"
    assert "model: broken" in client.online_deployments.get_logs("blue", name, 100)


def test_names_follow_the_services_rules(client: MLClient) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    with pytest.raises(Exception, match="name"):
        client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="9-lives")).result()


def test_deployments_serve_again_after_a_restart(
    serving_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    def client() -> MLClient:
        for name, value in serving_emulator.description["environment"].items():
            monkeypatch.setenv(name, value)
        return make_client(serving_emulator, "development")

    client().online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="kept")).result()
    _deploy(client(), "kept", "blue", "0.5", tmp_path)
    _set_traffic(client(), "kept", {"blue": 100})
    serving_emulator.restart()
    deadline = time.monotonic() + PATIENCE * 60
    while not (answer := _score(serving_emulator, client(), "kept", 1)).is_success:
        assert time.monotonic() < deadline, answer.text  # the server starts anew while the emulator answers already
        time.sleep(0.1)
    assert answer.json()["model"] == "0.5"
