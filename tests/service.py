"""The real service that the tests drive: Prefect, a worker, MLflow and the gateway, on free ports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from platforms.choose import choose_platform
from platforms.ports import Platform
from platforms.settings import CURRENT, Settings
from tests.forks import Forks
from tests.issuing import ADA, BOB

ROOT = Path(__file__).parent.parent
SHARED = "TESTS_SERVICE"  # a file that tells of a service that is running already
# Workloads that are like another one, whose tests must not meet: deploying once for all of them takes seconds less.
_GROUPS = [{"metric": "roc_auc", "ratio": 0.8}, {"metric": "selection_rate", "difference": 0.4}]
WATCHED: dict[str, object] = {
    "data": {
        "label": "sick",
        "columns": {"age": "0..120", "weight": "number", "region": "category?"},
        "sensitive": ["region"],
    },
    "monitor": {"every": "1h", "minimum_rows": 100, "attribution": True, "fairness": _GROUPS, "evidently_ui": True},
}
ROLLING = [
    {"mirror": 50, "hold": "1s", "requests": 60, "at_most": "60s"},
    {"traffic": 40, "hold": "2s", "requests": 60, "at_most": "5m"},
    {"traffic": 100},
]
COPIES: dict[str, tuple[str, dict[str, object]]] = {
    "stages": ("walk", {}),
    "scored": ("walk", {}),
    "drifts": ("walk", WATCHED),
    "power": (
        "electricity",
        {
            "train": {"recipe": "gradient_boosting", "parameters": {"max_iter": 40, "learning_rate": 0.25}},
            "gates": {"mase": {"at_most": 0.8}},
        },
    ),
    "examined": ("walk", {"release": {"slices": ["region"]}, "gates": {"roc_auc": {"at_least": 0.6}}}),
    "rolls": ("walk", {"release": {"live": {"slower": 10.0}, "rolling": ROLLING}}),
    "holds": ("walk", {"release": {"rolling": [{"traffic": 10, "hold": "11m"}, {"traffic": 100}]}}),
    "waits": ("toy", {"release": {"approval": "human", "approval_within": "1h"}}),
    "silent": ("toy", {"release": {"approval": "human", "approval_within": "1s"}}),
    "renewed": ("toy", {"release": {"retrained": True}}),
    "vouched": (
        "toy",
        {
            "gates": {"roc_auc": {"at_least": 0.9999}},  # nothing reaches it
            "release": {"approval": "human", "approval_within": "1h", "approvers": [f"entra:{ADA}", f"entra:{BOB}"]},
        },
    ),
}


@dataclass(frozen=True)
class Service:
    """The running service, and how to start flows in it."""

    settings: Settings
    addresses: dict[str, str]
    environment: dict[str, str]
    forks: Forks

    @cached_property
    def platform(self) -> Platform:
        return choose_platform(self.settings)

    def start(self, flow: str, call: str) -> subprocess.Popen[str]:
        """A process that runs `flows.FLOW.FLOW(call)`, as the worker would."""
        return subprocess.Popen(
            [sys.executable, "-c", calling(flow, call)],
            cwd=ROOT,
            env=self._whole_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, flow: str, call: str) -> tuple[int, str]:
        """Run it to its end: exit code and what it printed."""
        return self.run_code(calling(flow, call))

    def run_code(self, code: str) -> tuple[int, str]:
        """Run any code in a process of the service, to its end."""
        return self.forks.run(code, self._whole_environment)

    @property
    def _whole_environment(self) -> dict[str, str]:
        return {**clean(), **self.environment}


def calling(flow: str, call: str) -> str:
    return f"from flows.{flow} import {flow}\nresult = {flow}({call})\nprint('RESULT', repr(result))"


def result_of(output: str) -> str:
    """What the flow returned, as `repr` shows it."""
    return output.rpartition("RESULT ")[2].splitlines()[0]


def clean() -> dict[str, str]:
    unwanted = ("PYTHONDONTWRITEBYTECODE",)
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {name: value for name, value in kept.items() if not name.startswith(("PREFECT_", "MLFLOW_", "PERENNIAL_"))}


def copy_workload(workloads: Path, name: str, of: str, changes: Mapping[str, object]) -> None:
    """One like another, but for what it changes."""
    shutil.copytree(workloads / of, workloads / name)
    file = workloads / name / "workload.yaml"
    content = yaml.safe_load(file.read_text())
    content |= {**changes, "name": name}
    content["data"] = {**content["data"], "raw": f"{name}/raw/"}
    file.write_text(yaml.safe_dump(content))


@contextmanager
def running_service(folder: Path) -> Iterator[Service]:
    """One with workloads of the tests' own beside the project's; it ends with the context."""
    from deployments.apply import deploy
    from deployments.stack import down, up

    shutil.copytree(ROOT / "workloads", folder / "workloads")
    shutil.copytree(ROOT / "tests" / "workloads" / "folder", folder / "workloads", dirs_exist_ok=True)
    for name, (of, changes) in COPIES.items():
        copy_workload(folder / "workloads", name, of, changes)
    settings = Settings(state=folder / "state", workloads=folder / "workloads")
    with _kept_environment(), _kept_file(CURRENT):
        os.environ["PERENNIAL_LOG_FLUSH_SECONDS"] = "0.2"
        try:
            running = up(settings)
            deploy(settings)
            with _forks(running.environment) as forks:
                yield Service(settings, running.addresses, running.environment, forks)
        finally:
            down(folder / "state")


@contextmanager
def shared_service(file: Path) -> Iterator[Service]:
    """The one that the file tells of; it runs on."""
    told = json.loads(file.read_text())
    settings = Settings(state=told["state"], workloads=told["workloads"])
    with _kept_environment(), _forks(told["environment"]) as forks:
        os.environ.update(told["environment"])
        yield Service(settings, told["addresses"], told["environment"], forks)


def tell_of(service: Service, file: Path) -> None:
    """Write what `shared_service` reads."""
    places = {"state": str(service.settings.state), "workloads": str(service.settings.workloads)}
    file.write_text(json.dumps({**places, "addresses": service.addresses, "environment": service.environment}))


@contextmanager
def _forks(environment: Mapping[str, str]) -> Iterator[Forks]:
    forks = Forks(ROOT, {**clean(), **environment})
    try:
        yield forks
    finally:
        forks.close()


@contextmanager
def _kept_environment() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _kept_file(file: Path) -> Iterator[None]:
    before = file.read_bytes() if file.exists() else None
    try:
        yield
    finally:
        file.unlink(missing_ok=True) if before is None else file.write_bytes(before)
