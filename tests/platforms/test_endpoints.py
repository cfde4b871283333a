"""The contract of `OnlineEndpoints`, on the local gateway and on Azure ML's managed endpoints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from platforms.ports import Models, NotFound, OnlineEndpoints, Platform, Refused, RegisteredModel, SlotState
from scoring.assignment import assign
from tasks.endpoints import answered_status
from tests.scoring.fronting import fronted
from tests.toy_model import pack_toy_model
from tests.waiting import PATIENCE, until

ROW = {"input_data": [{"age": 40, "weight": 70}], "correlation_ids": ["one"]}


@pytest.fixture
def endpoints(platform: Platform) -> OnlineEndpoints:
    return platform.endpoints


@pytest.fixture(scope="session", name="packed")
def _packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "model"
    folder.mkdir()
    pack_toy_model(folder)
    (folder / "MLmodel").write_text("flavors: {}")
    return folder


@pytest.fixture
def name(endpoints: OnlineEndpoints) -> Iterator[str]:
    """An endpoint of the test's own, whose slots are gone afterwards."""
    name = f"toy-{uuid4().hex[:8]}"
    endpoints.ensure(name, {"workload": "toy"})
    yield name
    endpoints.set_traffic(name, {})
    for slot in endpoints.get(name).slots:
        endpoints.delete_slot(name, slot)


def register(models: Models, name: str, packed: Path, key: str) -> RegisteredModel:
    """A version of the toy model."""
    return models.register(name, models.start_run(name, key, {}), packed, key, {})


def bring_up(endpoints: OnlineEndpoints, name: str, slot: str, version: RegisteredModel) -> None:
    """Deploy and wait."""
    endpoints.deploy(name, slot, version, {"model_version": str(version.version)})
    assert settled(endpoints, name, slot) is SlotState.HEALTHY, endpoints.logs(name, slot)


def settled(endpoints: OnlineEndpoints, name: str, slot: str) -> SlotState:
    """What a slot came to."""
    deadline = time.monotonic() + PATIENCE * 120
    while (state := endpoints.get(name).slots[slot].state) is SlotState.STARTING:
        assert time.monotonic() < deadline, endpoints.logs(name, slot)
        time.sleep(0.1)
    return state


def score(endpoints: OnlineEndpoints, name: str, slot: str | None = None, key: str | None = None) -> httpx.Response:
    """One request, as clients make it."""
    headers = {"Authorization": f"Bearer {key or endpoints.key(name)}"}
    headers |= {"azureml-model-deployment": slot} if slot else {}
    return httpx.post(endpoints.get(name).scoring_url, json=ROW, headers=headers, timeout=60)


def front_gives_callers_their_slot(endpoints: OnlineEndpoints, name: str) -> None:
    """Version 1 serves, version 2 is in green: the same front shares the callers on both platforms."""
    callers = [f"caller-{number}" for number in range(8)]
    meant = {one: 2 if assign("t", "salt", one, 0.5).arm == "challenger" else 1 for one in callers}
    headers = {"Authorization": f"Bearer {endpoints.key(name)}"}
    with fronted(endpoints.get(name).scoring_url) as front:

        def version_for(caller: str) -> int:
            answer = httpx.post(front.url, json=ROW, headers={**headers, "x-caller-id": caller}, timeout=60)
            assert answer.status_code == 200, answer.text
            return int(answer.json()["model_version"])

        assert {version_for(one) for one in callers} == {1}
        front.test("t", "green", 50)
        until(lambda: any(version_for(one) == 2 for one in callers), 20)
        assert {one: version_for(one) for one in callers} == meant
        front.test("t", "gone", 50)
        until(lambda: {version_for(one) for one in callers} == {1}, 20)
        wrong = httpx.post(front.url, json={"input_data": []}, headers={**headers, "x-caller-id": "ada"}, timeout=60)
        assert answered_status(wrong) == 400
        assert httpx.post(front.url, json=ROW, headers={"x-caller-id": "ada"}, timeout=60).status_code == 401


def test_the_life_of_an_endpoint(platform: Platform, endpoints: OnlineEndpoints, name: str, packed: Path) -> None:
    one, two = (register(platform.models, name, packed, key) for key in ("one", "two"))
    bring_up(endpoints, name, "blue", one)
    assert endpoints.get(name).traffic == {}
    assert score(endpoints, name, "blue").json()["model_version"] == 1

    traffic = endpoints.set_traffic(name, {"blue": 100}).traffic
    assert traffic == {"blue": 100}
    assert score(endpoints, name).json()["predictions"][0]["correlation_id"] == "one"
    assert score(endpoints, name, key="wrong").status_code == 401
    assert name in endpoints.names()

    with pytest.raises(Refused, match="live traffic"):
        endpoints.deploy(name, "blue", two, {"model_version": "2"})
    with pytest.raises(Refused, match="live traffic"):
        endpoints.delete_slot(name, "blue")
    for refused in ({"blue": 50}, {"blue": 101}, {"absent": 100}):
        with pytest.raises(Refused):
            endpoints.set_traffic(name, refused)
    assert endpoints.get(name).traffic == {"blue": 100}
    again = endpoints.deploy(name, "blue", one, {"model_version": "1"})  # the same: nothing happens
    assert again.state is SlotState.HEALTHY

    bring_up(endpoints, name, "green", two)
    assert score(endpoints, name, "green").json()["model_version"] == 2
    front_gives_callers_their_slot(endpoints, name)
    began = datetime.now(UTC)
    assert endpoints.set_traffic(name, {"blue": 100}, {"green": 50}).mirror == {"green": 50}
    assert score(endpoints, name).json()["model_version"] == 1
    with pytest.raises(Refused, match="copies"):
        endpoints.delete_slot(name, "green")
    for copies in ({"green": 51}, {"blue": 10}, {"absent": 10}):
        with pytest.raises(Refused):
            endpoints.set_traffic(name, {"blue": 100}, copies)
    assert endpoints.get(name).mirror == {"green": 50}
    served = endpoints.served(name, began)
    assert all(one.start >= began.replace(microsecond=0) for slot in served.values() for one in slot.intervals)
    assert endpoints.set_traffic(name, {"green": 100}).mirror == {}
    assert score(endpoints, name).json()["model_version"] == 2
    endpoints.delete_slot(name, "blue")
    endpoints.delete_slot(name, "blue")
    assert set(endpoints.get(name).slots) == {"green"}
    metrics = endpoints.metrics(name)
    assert metrics["green"]["requests"] >= 2
    assert metrics["green"]["errors"] == 0


def test_other_bytes_than_those_tested_do_not_serve(
    platform: Platform, endpoints: OnlineEndpoints, name: str, packed: Path
) -> None:
    version = register(platform.models, name, packed, "one")
    false = RegisteredModel(
        name, version.version, "", {**version.tags, "perennial.sha256": "0" * 64}, (), version.created_at
    )
    endpoints.deploy(name, "blue", false, {"model_version": "1"})
    assert settled(endpoints, name, "blue") is SlotState.FAILED
    assert "not those that were registered" in endpoints.logs(name, "blue")
    assert endpoints.get(name).slots["blue"].reason
    with pytest.raises(Refused):
        endpoints.set_traffic(name, {"blue": 100})
    bring_up(endpoints, name, "blue", version)  # what failed can be replaced


def test_what_is_not_there(endpoints: OnlineEndpoints) -> None:
    with pytest.raises(NotFound):
        endpoints.get("absent")
    with pytest.raises(NotFound):
        endpoints.key("absent")
    with pytest.raises(Refused):
        endpoints.ensure("No Name", {})
