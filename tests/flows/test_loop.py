"""The loop through the deployments: trained, released, watched, retrained by the trigger, replaced; and rejected."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from lifecycle.names import labels_prefix
from lifecycle.tags import LEARNT_SINCE
from platforms.ledger import Ledger
from platforms.usage import read_usage
from platforms.windows import Windows
from tests.conftest import HTTP, ROOT, Service, clean, result_of
from tests.people import make_people
from tests.waiting import until

FEATURES = ["age", "weight", "region"]


def deployment_run(stack: Service, deployment: str, *parameters: str) -> subprocess.CompletedProcess[str]:
    """`prefect deployment run ... --watch`, as CI does."""
    words = [word for parameter in parameters for word in ("-p", parameter)]
    command = [sys.executable, "-m", "prefect", "deployment", "run", deployment, *words, "--watch"]
    done = subprocess.run(
        [*command, "--watch-timeout", "900"],
        env={**clean(), **stack.environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "FlowRunWaitTimeout" in done.stdout + done.stderr:
        done.stderr += f"\n{_seen_of_the_newest_run(stack)}"
    return done


def _seen_of_the_newest_run(stack: Service) -> str:
    """Its state and the end of its log, by the API: what no watch told."""
    api = f"{stack.addresses['prefect']}/api"
    run = HTTP.post(f"{api}/flow_runs/filter", json={"sort": "EXPECTED_START_TIME_DESC", "limit": 1}).json()[0]
    wanted = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "sort": "TIMESTAMP_DESC", "limit": 20}
    lines = [f"{one['timestamp']} {one['message']}" for one in HTTP.post(f"{api}/logs/filter", json=wanted).json()]
    return "\n".join([f"{run['name']} is {run['state_name']}; the end of its log:", *reversed(lines)])


def champion(stack: Service, workload: str) -> int | None:
    found = stack.platform.models.by_alias(workload, "champion")
    return None if found is None else found.version


def serving(stack: Service, workload: str) -> int:
    """The version that answers a client."""
    return int(score(stack, workload, make_people(1, seed=9))["model_version"])


def score(stack: Service, workload: str, people: pd.DataFrame, **more: Any) -> dict[str, Any]:
    endpoints = stack.platform.endpoints
    body = {"input_data": {"columns": FEATURES, "data": people[FEATURES].to_numpy().tolist()}, **more}
    headers = {"Authorization": f"Bearer {endpoints.key(workload)}"}
    response = HTTP.post(endpoints.get(workload).scoring_url, json=body, headers=headers)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def score_and_label(stack: Service, workload: str, people: pd.DataFrame) -> None:
    """Clients ask; the prediction log is flushed; labels arrive."""
    identities = [uuid4().hex for _ in range(len(people))]
    for start in range(0, len(people), 100):
        part = people.iloc[start : start + 100]
        score(stack, workload, part, correlation_ids=identities[start : start + 100])
    log = stack.platform.predictions
    wanted = set(identities)

    def logged() -> bool:
        day = datetime.now(UTC)
        found = log.between(workload, day.replace(year=day.year - 1), day.replace(year=day.year + 1))
        return wanted <= set(found["correlation_id"])

    until(logged, 30, what="the prediction log")
    at = datetime.now(UTC).isoformat()
    lines = [
        json.dumps({"correlation_id": identity, "label": int(label), "observed_at": at})
        for identity, label in zip(identities, people["sick"], strict=True)
    ]
    stack.platform.blobs.write(f"{labels_prefix(workload)}{uuid4().hex}.jsonl", "\n".join(lines).encode())


@pytest.fixture(scope="module", name="released")
def _released(stack: Service) -> Service:
    """The toy model trained and released, by the deployments."""
    stack.platform.blobs.write("toy/raw/people.csv", make_people(1500, seed=1).to_csv(index=False).encode())
    done = deployment_run(stack, "train/dev", "workload=toy", "release=true")
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: champion(stack, "toy"), what="the first champion")
    return stack


def test_a_trained_model_serves(released: Service) -> None:
    assert serving(released, "toy") == champion(released, "toy") == 1
    kinds = {entry.kind for entry in Ledger(released.platform.blobs, "toy").entries()}
    assert {"ingested", "trained", "approved", "promoted"} <= kinds


def test_ci_gets_an_exit_code_to_rely_on(released: Service) -> None:
    assert deployment_run(released, "train/dev", "workload=absent").returncode == 1
    assert deployment_run(released, "train/dev", "workload=Not A Name").returncode == 1


def test_the_same_training_makes_the_same_version(released: Service) -> None:
    code, output = released.run("train", "'toy'")
    assert (code, result_of(output)) == (0, "1")


def test_a_stable_world_asks_for_nothing(released: Service) -> None:
    score_and_label(released, "toy", make_people(600, seed=2))
    code, output = released.run("monitor", "'toy', report=False")
    assert (code, result_of(output)) == (0, "'nothing'"), output


def test_a_model_of_shuffled_labels_is_rejected(released: Service) -> None:
    """Its gate stops it, and the live endpoint does not notice."""
    blobs = released.platform.blobs
    people = make_people(1500, seed=1)
    people["sick"] = people["sick"].sample(frac=1, random_state=1).to_numpy()
    original = blobs.read("toy/raw/people.csv")
    blobs.write("toy/raw/people.csv", people.to_csv(index=False).encode())
    code, output = released.run("train", "'toy'")
    assert code == 0, output
    bad = int(result_of(output))
    blobs.write("toy/raw/people.csv", original)
    code, output = released.run("release", f"'toy', {bad}")
    assert code == 0, output
    assert "was rejected: roc_auc" in output
    version = released.platform.models.get("toy", bad)
    assert version.tags["perennial.verdict"] == "rejected"
    assert serving(released, "toy") == champion(released, "toy") == 1


def test_a_drifted_model_is_replaced_by_the_trigger(released: Service) -> None:
    """Nothing here starts `retrain`: the event does, and what it trained goes through staging and wins."""
    before = champion(released, "toy")
    started = datetime.now(UTC)
    score_and_label(released, "toy", make_people(1500, seed=3, turned=True, shift=20))
    code, output = released.run("monitor", "'toy', report=False")
    assert (code, result_of(output)) == (0, "'retrain'"), output
    record = next(Windows(released.platform.blobs, "toy").before(datetime.now(UTC)))
    assert (record.outcome, set(record.asked), record.model_version) == ("alarm", {"retrain"}, before)
    until(lambda: champion(released, "toy") != before, 240, what="the new champion")
    after = champion(released, "toy")
    until(lambda: serving(released, "toy") == after, 10, what="its answer")
    version = released.platform.models.get("toy", after or 0)
    assert version.tags["perennial.trigger"] != "manual"
    assert datetime.fromisoformat(version.tags[LEARNT_SINCE]) > started, "of the world before it learnt nothing"
    run = runs_of(released, "retrain-toy", started)[0]
    assert run["created_by"]["type"] == "AUTOMATION"
    assert events(released, "prefect.automation.action.failed", started) == []
    usage = read_usage(released.platform.blobs, "toy", started)
    assert [job.job for job in usage] == [version.tags["perennial.job"]], "what its training took counts"
    assert usage[0].seconds > 0


def test_a_rollback_goes_back(released: Service) -> None:
    now = champion(released, "toy")
    before = released.platform.models.by_alias("toy", "previous-champion")
    assert before is not None
    code, output = released.run("rollback", "'toy', 'too late', leave='99'")
    assert (code, result_of(output), serving(released, "toy")) == (0, str(now), now), "another version serves"
    ask(released, "perennial.rollback.requested", reason="a test", leave=str(now))
    until(lambda: serving(released, "toy") == before.version, 60, what="the rollback by its trigger")
    until(lambda: champion(released, "toy") == before.version, 10, what="its alias")
    until(lambda: not unfinished(released, "rollback-toy"), 30, what="its end")
    code, output = released.run("rollback", "'toy', 'once more'")
    assert (code, "no version to go back to" in output) == (1, True), "twice does not lead to what was left"
    assert serving(released, "toy") == champion(released, "toy") == before.version
    code, output = released.run("rollback", f"'toy', 'and forth', to='{now}'")
    assert serving(released, "toy") == champion(released, "toy") == now


def test_the_ledger_is_the_audit_and_not_the_memory(released: Service) -> None:
    """Deleted, everything still works."""
    blobs = released.platform.blobs
    for blob in list(blobs.list("ledger/toy/")):
        blobs.delete(blob.name)
    now = champion(released, "toy")
    code, output = released.run("release", f"'toy', {now}")
    assert (code, "is the champion already" in output) == (0, True), output
    code, output = released.run("promote", f"'toy', {now}")
    assert (code, "serves in production" in output) == (0, True), output
    assert released.run("monitor", "'toy', report=False")[0] == 0
    assert champion(released, "toy") == now


def test_what_served_before_is_deleted_in_time_and_can_be_gone_back_to(released: Service) -> None:
    now, endpoints = champion(released, "toy"), released.platform.endpoints
    assert now is not None
    assert released.run("reconcile", "'toy'")[0] == 0
    assert len(endpoints.get("toy").slots) == 2, "it is kept for three days"
    long_ago = (datetime.now(UTC) - timedelta(days=4)).isoformat()
    released.platform.models.tag("toy", now, {"perennial.promoted-at": long_ago})
    code, output = released.run("reconcile", "'toy'")
    assert (code, "was deleted" in result_of(output)) == (0, True), output
    assert len(endpoints.get("toy").slots) == 1
    assert serving(released, "toy") == now
    code, output = released.run("rollback", "'toy', 'from cold'")
    assert (code, serving(released, "toy")) == (0, int(result_of(output))), output


def ask(stack: Service, event: str, workload: str = "toy", **payload: str) -> None:
    """An event about the model, as a decision emits it."""
    body = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": event,
        "resource": {"prefect.resource.id": f"perennial.workload.{workload}"},
        "payload": {"workload": workload, **payload},
    }
    HTTP.post(f"{stack.addresses['prefect']}/api/events", json=[body]).raise_for_status()


def unfinished(stack: Service, name: str) -> list[dict[str, Any]]:
    runs = runs_of(stack, name, datetime.now(UTC) - timedelta(minutes=5))
    return [run for run in runs if run["state_type"] not in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")]


def runs_of(stack: Service, name: str, since: datetime) -> list[dict[str, Any]]:
    body = {"flow_runs": {"name": {"any_": [name]}, "start_time": {"after_": since.isoformat()}}}
    runs: list[dict[str, Any]] = HTTP.post(f"{stack.addresses['prefect']}/api/flow_runs/filter", json=body).json()
    return runs


def events(stack: Service, name: str, since: datetime) -> list[dict[str, Any]]:
    body = {"filter": {"event": {"name": [name]}, "occurred": {"since": since.isoformat()}}}
    answer = HTTP.post(f"{stack.addresses['prefect']}/api/events/filter", json=body).json()
    found: list[dict[str, Any]] = answer["events"]
    return found
