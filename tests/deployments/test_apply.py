"""`perennial deploy`, again and again, against a real server: what the files say, by name, and nothing twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from deployments.apply import deploy
from platforms.settings import LOCAL_POOL, Settings
from tests.conftest import HTTP, Service

DEPLOYMENTS = ("train/dev", "release/staging", "promote/prod", "monitor/prod")


def _read(stack: Service, path: str, body: dict[str, Any] | None = None) -> Any:
    url = f"{stack.addresses['prefect']}/api{path}"
    response = HTTP.get(url) if body is None else HTTP.post(url, json=body)
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
Scheduled = Callable[[Edit], list[str]]


@pytest.fixture(scope="module", name="scheduled")
def _scheduled(stack: Service) -> Iterator[Scheduled]:
    """A workload of its own whose file is edited and deployed; what `deploy` told."""
    folder = stack.settings.workloads / "scheduled"
    shutil.copytree(stack.settings.workloads / "toy", folder)

    def edit(change: Edit) -> list[str]:
        content = yaml.safe_load((folder / "workload.yaml").read_text())
        change(content)
        (folder / "workload.yaml").write_text(yaml.safe_dump(content))
        return deploy(stack.settings)

    yield edit
    shutil.rmtree(folder, ignore_errors=True)


def test_a_schedule_follows_its_workload(stack: Service, scheduled: Scheduled) -> None:
    scheduled(lambda file: file.update(name="scheduled", monitor={"every": "2h"}, retrain={"every": "7d"}))
    monitor, retrain = (schedules(stack, name)["scheduled"] for name in ("monitor/prod", "retrain/dev"))
    assert monitor["schedule"]["interval"] == 2 * 3600
    assert monitor["parameters"] == {"workload": "scheduled"}
    assert retrain["schedule"]["interval"] == 7 * 86400
    assert retrain["parameters"] == {"workload": "scheduled", "reason": "its schedule", "key": "schedule"}

    deployment = _read(stack, "/deployments/name/monitor/prod")["id"]
    url = f"{stack.addresses['prefect']}/api/deployments/{deployment}/schedules/{monitor['id']}"
    HTTP.patch(url, json={"active": False}).raise_for_status()
    scheduled(lambda file: file.update(monitor={"every": "3h"}, retrain={}))
    changed = schedules(stack, "monitor/prod")["scheduled"]
    assert changed["id"] == monitor["id"]
    assert changed["schedule"]["interval"] == 3 * 3600
    assert changed["active"] is False, "what an operator paused stays paused"
    assert "scheduled" not in schedules(stack, "retrain/dev")
    assert "diabetes" in schedules(stack, "monitor/prod")


def test_patrolled_workloads_share_a_schedule(stack: Service, scheduled: Scheduled) -> None:
    """A minute after the hour, when the windows that end with it are written."""
    scheduled(lambda file: file.update(monitor={"every": "3h", "patrol": True}))
    assert "scheduled" not in schedules(stack, "monitor/prod")
    (patrol,) = schedules(stack, "patrol/prod").values()
    assert (patrol["slug"], patrol["parameters"]) == ("patrol", {})
    assert patrol["schedule"]["interval"] == 3 * 3600
    assert patrol["schedule"]["anchor_date"].startswith("2020-01-01T00:01:00")
    scheduled(lambda file: file.update(monitor={"every": "3h"}))
    assert "scheduled" in schedules(stack, "monitor/prod")
    assert schedules(stack, "patrol/prod") == {}


def test_a_broken_workload_is_left_out_and_named(stack: Service, scheduled: Scheduled) -> None:
    told = scheduled(lambda file: file.update(kind="clasification"))
    assert any(line.startswith("left out:") and "kind" in line for line in told)
    assert "diabetes" in schedules(stack, "monitor/prod")


def test_deploying_again_changes_only_what_the_files_and_settings_say(
    stack: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production in a pool apart, the rest in one, and no more of a workload that is gone; then back."""
    for stage in ("dev", "staging", "prod"):
        monkeypatch.delenv(f"PERENNIAL_POOL_{stage.upper()}", raising=False)
    shutil.rmtree(stack.settings.workloads / "scheduled")
    apart = Settings(state=stack.settings.state, workloads=stack.settings.workloads, pool_prod="prod-apart")
    deploy(apart)
    pools = {name: _read(stack, f"/deployments/name/{name}")["work_pool_name"] for name in DEPLOYMENTS}
    assert pools == {name: "prod-apart" if name.endswith("/prod") else LOCAL_POOL for name in DEPLOYMENTS}
    assert "scheduled" not in schedules(stack, "monitor/prod")
    before = everything(stack)
    deploy(stack.settings)
    assert {_read(stack, f"/deployments/name/{name}")["work_pool_name"] for name in DEPLOYMENTS} == {LOCAL_POOL}
    assert everything(stack) == before
    assert "perennial-retraining-requested" in before["automations"]
    assert {"retrain-diabetes", "release-diabetes"} <= set(before["limits"])
