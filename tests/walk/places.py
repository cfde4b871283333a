"""Where a walk runs: on this machine the gateway, with MLflow or without."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.environment import ROOT, inherited, process_environment
from deployments.parts import PARTS, Part
from deployments.ports import free_ports
from deployments.processes import Started, end, start
from deployments.stack import start_keeper
from deployments.stack_record import Record, read_record, write_record
from platforms.settings import Settings
from tests.conftest import wait_until
from tests.forks import Forks
from tests.service import Service, clean

PATIENCE_SECONDS = 120
NOBODY = "http://127.0.0.1:9"  # is not to be asked


@contextmanager
def lean_service(folder: Path, mlflow: bool = False) -> Iterator[Service]:
    """The gateway and, told so, MLflow; what was started ends with the context."""
    state = folder / "state"
    shutil.copytree(ROOT / "tests" / "workloads" / "folder", folder / "workloads")
    state.mkdir()
    parts = [part for part in PARTS["local"] if part.name in (("mlflow", "gateway") if mlflow else ("gateway",))]
    ports = free_ports([port for part in parts for port in part.ports])
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    addresses.setdefault("mlflow", NOBODY)
    settings = Settings(state=state, workloads=folder / "workloads")
    environment = process_environment(settings, {**addresses, "prefect": NOBODY})
    started: dict[str, Started] = {}
    keeper = None
    before = dict(os.environ)
    try:
        for part in parts:
            started[part.name] = _start(part, state, addresses, environment)
        write_record(state, Record(started, addresses))
        for part in parts:
            wait_until(lambda part=part: part.answers is None or part.answers(state, addresses), PATIENCE_SECONDS)  # type: ignore[misc]
        keeper = start_keeper(state, {**environment, "PERENNIAL_LOG_FLUSH_SECONDS": "0.2"})
        os.environ.update(environment)
        forks = Forks(ROOT, {**clean(), **environment})
        yield Service(settings, addresses, environment, forks)
    finally:
        os.environ.clear()
        os.environ.update(before)
        end([] if keeper is None else [keeper])
        end(list({**started, **read_record(state).processes}.values()))


def _start(part: Part, state: Path, addresses: dict[str, str], environment: dict[str, str]) -> Started:
    whole = {**inherited(), **environment, **part.environment, "PERENNIAL_LOG_FLUSH_SECONDS": "0.2"}
    return start(part.command(state, addresses), whole, state / "logs" / f"{part.name}.log", ROOT)
