"""One real service for all tests that need one: Prefect, a worker, MLflow and the gateway, on free ports; Azurite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx
import pytest
import yaml

from deployments.azurite.server import Azurite
from platforms.choose import choose_platform
from platforms.ports import Platform
from platforms.settings import Settings
from tests.forks import Forks

ROOT = Path(__file__).parent.parent
# To loopback; each new client would read all of TLS' authorities anew. Idle servers end a connection after 5 s.
HTTP = httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(keepalive_expiry=1.0))
AZURITE = ROOT / ".perennial" / "azurite"  # where npm puts it
sys.path.insert(0, str(ROOT))  # the tests' own factories
# Workloads that are like another one, whose tests must not meet: deploying once for all of them takes seconds less.
COPIES: dict[str, tuple[str, dict[str, object]]] = {
    "stages": ("walk", {}),
    "scored": ("walk", {}),
    "waits": ("toy", {"release": {"approval": "human", "approval_within": "1h"}}),
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
            [sys.executable, "-c", _calling(flow, call)],
            cwd=ROOT,
            env=self._whole_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, flow: str, call: str) -> tuple[int, str]:
        """Run it to its end: exit code and what it printed."""
        return self.run_code(_calling(flow, call))

    def run_code(self, code: str) -> tuple[int, str]:
        """Run any code in a process of the service, to its end."""
        return self.forks.run(code, self._whole_environment)

    @property
    def _whole_environment(self) -> dict[str, str]:
        return {**_clean(), **self.environment}


def _calling(flow: str, call: str) -> str:
    return f"from flows.{flow} import {flow}\nresult = {flow}({call})\nprint('RESULT', repr(result))"


def wait_until(look: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def result_of(output: str) -> str:
    """What the flow returned, as `repr` shows it."""
    return output.rpartition("RESULT ")[2].splitlines()[0]


def _clean() -> dict[str, str]:
    unwanted = ("PYTHONDONTWRITEBYTECODE",)
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {name: value for name, value in kept.items() if not name.startswith(("PREFECT_", "MLFLOW_", "PERENNIAL_"))}


def _copy_workload(workloads: Path, name: str, of: str, changes: Mapping[str, object]) -> None:
    shutil.copytree(workloads / of, workloads / name)
    file = workloads / name / "workload.yaml"
    content = yaml.safe_load(file.read_text())
    content |= {**changes, "name": name}
    content["data"]["raw"] = f"{name}/raw/"
    file.write_text(yaml.safe_dump(content))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, with workloads of the tests' own beside the project's."""
    from deployments.apply import deploy
    from deployments.stack import down, up

    folder = tmp_path_factory.mktemp("service")
    shutil.copytree(ROOT / "workloads", folder / "workloads")
    shutil.copytree(ROOT / "tests" / "workloads" / "folder", folder / "workloads", dirs_exist_ok=True)
    for name, (of, changes) in COPIES.items():
        _copy_workload(folder / "workloads", name, of, changes)
    settings = Settings(state=folder / "state", workloads=folder / "workloads")
    before = dict(os.environ)
    os.environ["PERENNIAL_LOG_FLUSH_SECONDS"] = "0.2"
    current = ROOT / ".perennial" / "current.json"
    remembered = current.read_text() if current.exists() else None
    try:
        running = up(settings)
        deploy(settings)
        forks = Forks(ROOT, {**_clean(), **running.environment})
        yield Service(settings, running.addresses, running.environment, forks)
        forks.close()
    finally:
        down(folder / "state")
        current.unlink(missing_ok=True) if remembered is None else current.write_text(remembered)
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite on loopback, its state in a temporary folder. Skips where there is no Node."""
    from deployments.azurite.install import NoNode, require_node
    from deployments.azurite.server import running_azurite

    try:
        require_node()
    except NoNode as reason:
        pytest.skip(str(reason))
    with running_azurite(AZURITE, tmp_path_factory.mktemp("azurite")) as running:
        yield running
