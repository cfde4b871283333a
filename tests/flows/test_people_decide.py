"""A release that a person must approve: it suspends, holds no process, and carries on as the answer says."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from platforms.ledger import Ledger
from tests.conftest import HTTP, Service, result_of
from tests.flows.test_loop import champion, serving
from tests.people import make_people
from tests.waiting import until

NAME = "waits"


@pytest.fixture(scope="module", name="waits")
def _waits(stack: Service) -> Service:
    """A workload that wants a person, with a model trained."""
    stack.platform.blobs.write(f"{NAME}/raw/people.csv", make_people(1200, seed=6).to_csv(index=False).encode())
    code, output = stack.run("train", repr(NAME))
    assert (code, result_of(output)) == (0, "1"), output
    return stack


def _post(stack: Service, path: str, body: dict[str, Any]) -> Any:
    response = HTTP.post(f"{stack.addresses['prefect']}/api{path}", json=body)
    response.raise_for_status()
    return response.json()


def _suspended(stack: Service) -> str:
    """A release started as its deployment, once it waits; the run's id."""
    found = HTTP.get(f"{stack.addresses['prefect']}/api/deployments/name/release/staging").json()
    run = _post(stack, f"/deployments/{found['id']}/create_flow_run", {"parameters": {"workload": NAME}})
    until(lambda: _state(stack, run["id"]) == "PAUSED", what="a run that waits")
    return str(run["id"])


def under_way(stack: Service, workload: str) -> list[str]:
    code = (
        "from tasks.context import open_context\nfrom tasks.under_way import replacement_under_way\n"
        f"print('RESULT', replacement_under_way(open_context({workload!r})))"
    )
    status, output = stack.run_code(code)
    assert status == 0, output
    found: list[str] = ast.literal_eval(result_of(output))
    return found


def _state(stack: Service, run: str) -> str:
    answer = HTTP.get(f"{stack.addresses['prefect']}/api/flow_runs/{run}").json()
    assert answer["state_type"] not in ("FAILED", "CRASHED"), answer["state"]
    return str(answer["state_type"])


def _answer(stack: Service, run: str, **answer: Any) -> None:
    found = _post(stack, f"/flow_runs/{run}/resume", {"run_input": answer})
    assert found["status"] == "ACCEPT", found
    until(lambda: _state(stack, run) == "COMPLETED", what="its end")


def test_silence_about_the_decision_rejects(waits: Service) -> None:
    """An empty form is no approval."""
    _answer(waits, _suspended(waits))
    assert champion(waits, NAME) is None
    version = waits.platform.models.get(NAME, 1)
    assert version.tags["perennial.verdict"] == "rejected"
    assert "did not approve" in version.tags["perennial.reason"]


def test_an_approved_model_serves(waits: Service) -> None:
    people = make_people(1500, seed=7)
    waits.platform.blobs.write(f"{NAME}/raw/more.csv", people.to_csv(index=False).encode())
    code, output = waits.run("train", repr(NAME))
    assert (code, result_of(output)) == (0, "2"), output
    run = _suspended(waits)
    assert champion(waits, NAME) is None
    assert under_way(waits, NAME) == ["release-waits"], "monitoring asks for no second replacement meanwhile"
    assert under_way(waits, "toy") == []
    _answer(waits, run, approve=True, by="Ada", comment="looks right")
    approved = next(entry for entry in Ledger(waits.platform.blobs, NAME).entries() if entry.kind == "approved")
    assert (approved.by, approved.model_version) == ("Ada (unverified)", 2)
    until(lambda: champion(waits, NAME) == 2, what="its promotion")
    assert serving(waits, NAME) == 2
    assert waits.platform.models.get(NAME, 2).tags["perennial.approved-by"] == "Ada (unverified)"


def test_a_promotion_on_its_way_is_no_time_for_a_retraining(waits: Service) -> None:
    """A run that waits for its worker, too."""
    until(lambda: under_way(waits, NAME) == [], what="the end of the promotion before")
    found = HTTP.get(f"{waits.addresses['prefect']}/api/deployments/name/promote/prod").json()
    body = {"parameters": {"workload": NAME, "model_version": 2}, "state": {"type": "PAUSED"}, "name": "its-promotion"}
    run = _post(waits, f"/deployments/{found['id']}/create_flow_run", body)
    try:
        assert under_way(waits, NAME) == ["its-promotion"]
    finally:
        HTTP.delete(f"{waits.addresses['prefect']}/api/flow_runs/{run['id']}").raise_for_status()
    assert under_way(waits, NAME) == []


def test_nobody_answers_in_time(stack: Service) -> None:
    """A run of its own, scheduled for the time limit, rejects it, and ends the one that waits."""
    name = "silent"
    stack.platform.blobs.write(f"{name}/raw/people.csv", make_people(1200, seed=6).to_csv(index=False).encode())
    code, output = stack.run("train", repr(name))
    assert (code, result_of(output)) == (0, "1"), output
    found = HTTP.get(f"{stack.addresses['prefect']}/api/deployments/name/release/staging").json()
    run = _post(stack, f"/deployments/{found['id']}/create_flow_run", {"parameters": {"workload": name}})
    until(lambda: _state(stack, run["id"]) == "COMPLETED", 120, what="its end")
    tags = stack.platform.models.get(name, 1).tags
    assert tags["perennial.verdict"] == "rejected"
    assert "nobody answered until" in tags["perennial.reason"]
    assert under_way(stack, name) == []
