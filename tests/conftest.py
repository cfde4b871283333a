"""One real service for all tests that need one: Prefect, a worker, MLflow and the gateway, on free ports; Azurite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.azurite.server import Azurite
from platforms.choose import choose_platform
from platforms.ports import Platform
from platforms.settings import Settings

ROOT = Path(__file__).parent.parent
AZURITE = ROOT / ".perennial" / "azurite"  # where npm puts it
sys.path.insert(0, str(ROOT))  # the tests' own factories


@dataclass(frozen=True)
class Service:
    """The running service, and how to start flows in it."""

    settings: Settings
    addresses: dict[str, str]
    environment: dict[str, str]

    @property
    def platform(self) -> Platform:
        return choose_platform(self.settings)

    def start(self, flow: str, call: str) -> subprocess.Popen[str]:
        """A process that runs `flows.FLOW.FLOW(call)`, as the worker would."""
        code = f"from flows.{flow} import {flow}\nresult = {flow}({call})\nprint('RESULT', repr(result))"
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**_clean(), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, flow: str, call: str) -> tuple[int, str]:
        """Run it to its end: exit code and what it printed."""
        process = self.start(flow, call)
        output, _ = process.communicate(timeout=240)
        return process.returncode, output


def wait_until(look: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def result_of(output: str) -> str:
    """What the flow returned, as `repr` shows it."""
    return output.rpartition("RESULT ")[2].splitlines()[0]


def _clean() -> dict[str, str]:
    unwanted = ("PYTHONDONTWRITEBYTECODE",)
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {name: value for name, value in kept.items() if not name.startswith(("PREFECT_", "MLFLOW_", "PERENNIAL_"))}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, with workloads of the tests' own beside the project's."""
    from deployments.apply import deploy
    from deployments.stack import down, up

    folder = tmp_path_factory.mktemp("service")
    shutil.copytree(ROOT / "workloads", folder / "workloads")
    shutil.copytree(ROOT / "tests" / "workloads" / "folder", folder / "workloads", dirs_exist_ok=True)
    settings = Settings(state=folder / "state", workloads=folder / "workloads")
    before = dict(os.environ)
    os.environ["PERENNIAL_LOG_FLUSH_SECONDS"] = "0.2"
    current = ROOT / ".perennial" / "current.json"
    remembered = current.read_text() if current.exists() else None
    try:
        running = up(settings)
        deploy(settings)
        yield Service(settings, running.addresses, running.environment)
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
