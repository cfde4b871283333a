"""A script that fails, writes nothing or a wrong model, or is cancelled: told on the run's page, nothing registered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import HTTP, Service
from tests.people import make_people
from tests.waiting import until

WORKLOAD = """
name: {name}
kind: classification
data: {{raw: {name}/raw/, label: sick, columns: {{age: 0..120, weight: number, region: 'category?'}}}}
"""
HEADER = "import argparse, pathlib, sys, time\np = argparse.ArgumentParser()\np.add_argument('--data')\n"
SCRIPT = HEADER + "p.add_argument('--out')\na = p.parse_args()\n"

Write = Callable[[str, str], None]


@pytest.fixture(name="write")
def _write(stack: Service) -> Write:
    """Write a workload with this script, and its raw data."""

    def write(name: str, script: str) -> None:
        folder: Path = stack.settings.workloads / name
        folder.mkdir()
        (folder / "workload.yaml").write_text(WORKLOAD.format(name=name))
        (folder / "train.py").write_text(SCRIPT + script)
        content = make_people(400, seed=8).to_csv(index=False).encode()
        stack.platform.blobs.write(f"{name}/raw/people.csv", content)

    return write


@pytest.mark.parametrize(
    ("name", "script", "told"),
    [
        ("fails", "raise RuntimeError('no such luck')", "no such luck"),
        ("writes-nothing", "pathlib.Path(a.out).mkdir(exist_ok=True)", "wrote no model.skops"),
        ("writes-rubbish", "pathlib.Path(a.out, 'model.skops').write_text('rubbish')", "model.skops cannot be loaded"),
    ],
)
def test_the_run_says_why(stack: Service, write: Write, name: str, script: str, told: str) -> None:
    write(name, script)
    code, output = stack.run("train", repr(name))
    assert code == 1
    assert told in output
    (run,) = _post(stack, "/flow_runs/filter", {"flow_runs": {"name": {"any_": [f"train-{name}"]}}})
    assert told in run["state"]["message"]
    assert stack.platform.models.versions(name) == []


def test_a_cancelled_training_ends_its_job(stack: Service, write: Write) -> None:
    """Cancelled in the UI: the job does not compute on."""
    write("slow", "pathlib.Path(a.out).mkdir(exist_ok=True)\ntime.sleep(600)")
    found = HTTP.get(f"{stack.addresses['prefect']}/api/deployments/name/train/dev").json()
    run = _post(stack, f"/deployments/{found['id']}/create_flow_run", {"parameters": {"workload": "slow"}})
    jobs = stack.settings.state / "jobs"
    until(lambda: list(jobs.glob("slow-*/running.json")), what="the job")
    state = {"state": {"type": "CANCELLING"}, "force": False}
    _post(stack, f"/flow_runs/{run['id']}/set_state", state)
    job = next(iter(jobs.glob("slow-*"))).name
    until(lambda: stack.platform.compute.get(job).status.ended, 60, what="the job's end")
    assert stack.platform.compute.get(job).status.value == "canceled"


def _post(stack: Service, path: str, body: dict[str, Any]) -> Any:
    response = HTTP.post(f"{stack.addresses['prefect']}/api{path}", json=body)
    response.raise_for_status()
    return response.json()
