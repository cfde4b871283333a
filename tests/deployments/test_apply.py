"""`perennial deploy`, again and again, against a real server: what the files say, by name, and nothing twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml

from deployments.apply import deploy
from platforms.settings import LOCAL_POOL, Settings
from tests.conftest import Service

DEPLOYMENTS = ("train/dev", "release/staging", "promote/prod", "monitor/prod")


def _read(stack: Service, path: str, body: dict[str, Any] | None = None) -> Any:
    url = f"{stack.addresses['prefect']}/api{path}"
    response = httpx.get(url) if body is None else httpx.post(url, json=body)
    response.raise_for_status()
    return response.json()


def schedules(stack: Service, deployment: str) -> dict[str, dict[str, Any]]:
    found = _read(stack, f"/deployments/name/{deployment}")["schedules"]
    return {schedule["slug"]: schedule for schedule in found}


def everything(stack: Service) -> dict[str, list[str]]:
    """The names of all that `deploy` makes."""
    deployments = _read(stack, "/deployments/filter", {})
    return {
        "deployments": sorted(one["id"] for one in deployments),
        "schedules": sorted(schedule["id"] for one in deployments for schedule in one["schedules"]),
        "automations": sorted(one["name"] for one in _read(stack, "/automations/filter", {})),
        "limits": sorted(one["name"] for one in _read(stack, "/v2/concurrency_limits/filter", {})),
        "pools": sorted(one["name"] for one in _read(stack, "/work_pools/filter", {})),
    }


Edit = Callable[[dict[str, Any]], None]


@pytest.fixture(name="scheduled")
def _scheduled(stack: Service) -> Any:
    """A workload of its own whose file can be edited; removed afterwards."""
    folder = stack.settings.workloads / "scheduled"
    shutil.copytree(stack.settings.workloads / "toy", folder)

    def edit(change: Edit) -> None:
        content = yaml.safe_load((folder / "workload.yaml").read_text())
        change(content)
        (folder / "workload.yaml").write_text(yaml.safe_dump(content))
        deploy(stack.settings)

    yield edit
    shutil.rmtree(folder)
    deploy(stack.settings)


def test_deploying_again_changes_nothing(stack: Service) -> None:
    before = everything(stack)
    deploy(stack.settings)
    assert everything(stack) == before
    assert "perennial-retraining-requested" in before["automations"]
    assert {"retrain-diabetes", "release-diabetes"} <= set(before["limits"])


def test_a_schedule_follows_its_workload(stack: Service, scheduled: Callable[[Edit], None]) -> None:
    scheduled(lambda file: file.update(name="scheduled", monitor={"every": "2h"}, retrain={"every": "7d"}))
    monitor, retrain = (schedules(stack, name)["scheduled"] for name in ("monitor/prod", "retrain/dev"))
    assert monitor["schedule"]["interval"] == 2 * 3600
    assert monitor["parameters"] == {"workload": "scheduled"}
    assert retrain["schedule"]["interval"] == 7 * 86400
    assert retrain["parameters"] == {"workload": "scheduled", "reason": "its schedule", "key": "schedule"}

    deployment = _read(stack, "/deployments/name/monitor/prod")["id"]
    url = f"{stack.addresses['prefect']}/api/deployments/{deployment}/schedules/{monitor['id']}"
    httpx.patch(url, json={"active": False}).raise_for_status()
    scheduled(lambda file: file.update(monitor={"every": "3h"}, retrain={}))
    changed = schedules(stack, "monitor/prod")["scheduled"]
    assert changed["id"] == monitor["id"]
    assert changed["schedule"]["interval"] == 3 * 3600
    assert changed["active"] is False, "what an operator paused stays paused"
    assert "scheduled" not in schedules(stack, "retrain/dev")
    assert "diabetes" in schedules(stack, "monitor/prod")


def test_a_broken_workload_is_left_out_and_named(stack: Service, scheduled: Callable[[Edit], None]) -> None:
    scheduled(lambda file: file.update(name="scheduled", kind="clasification"))
    told = deploy(stack.settings)
    assert any(line.startswith("left out:") and "kind" in line for line in told)
    assert "diabetes" in schedules(stack, "monitor/prod")


def test_a_stage_has_a_pool_by_its_setting(stack: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Production apart, the rest in one pool; and back, where a team wants one for all of it."""
    for stage in ("dev", "staging", "prod"):
        monkeypatch.delenv(f"PERENNIAL_POOL_{stage.upper()}", raising=False)
    apart = Settings(state=stack.settings.state, workloads=stack.settings.workloads, pool_prod="prod-apart")
    deploy(apart)
    pools = {name: _read(stack, f"/deployments/name/{name}")["work_pool_name"] for name in DEPLOYMENTS}
    assert pools == {name: "prod-apart" if name.endswith("/prod") else LOCAL_POOL for name in DEPLOYMENTS}
    deploy(stack.settings)
    assert {_read(stack, f"/deployments/name/{name}")["work_pool_name"] for name in DEPLOYMENTS} == {LOCAL_POOL}
