"""Where a walk runs: on this machine the gateway, with MLflow or without, or Azure's adapters on the emulator."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deployments.environment import ROOT, inherited, process_environment
from deployments.parts import PARTS, Part
from deployments.ports import free_ports
from deployments.processes import Started, end, start
from deployments.stack import start_keeper
from deployments.stack_record import Record, read_record, write_record
from platforms.settings import PlatformName, Settings
from tests.forks import Forks
from tests.service import Service, clean
from tests.waiting import until

PATIENCE_SECONDS = 120
NOBODY = "http://127.0.0.1:9"  # is not to be asked
QUICK = {"PERENNIAL_LOG_FLUSH_SECONDS": "0.2", "AZUREML_EMULATOR_COLLECT_SECONDS": "0.2"}


@contextmanager
def lean_service(folder: Path, platform: PlatformName = "local", mlflow: bool = False) -> Iterator[Service]:
    """Of the platform's parts what production takes: no Prefect. What was started ends with the context.

    Locally MLflow is left out, too, unless told so: then the registry must be another.
    """
    state = folder / "state"
    shutil.copytree(ROOT / "tests" / "workloads" / "folder", folder / "workloads")
    state.mkdir()
    wanted = ("gateway", "emulator", *(("mlflow",) if mlflow or platform != "local" else ()))
    parts = [part for part in PARTS[platform] if part.name in wanted]
    ports = free_ports([port for part in parts for port in part.ports])
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    for name in ("mlflow", "prefect"):
        addresses.setdefault(name, NOBODY)
    settings = Settings(state=state, workloads=folder / "workloads", platform=platform)
    environment = process_environment(settings, addresses)
    started: dict[str, Started] = {}
    before = dict(os.environ)
    try:
        for part in parts:
            started[part.name] = _start(part, state, addresses, environment)
            write_record(state, Record(started, addresses))
        for part in parts:
            until(lambda part=part: part.answers is None or part.answers(state, addresses), PATIENCE_SECONDS)  # type: ignore[misc]
        if platform == "local":
            started["keeper"] = start_keeper(state, {**environment, **QUICK})
        os.environ.update(environment)
        if platform == "azure-emulated":
            environment |= _prepare_emulated(settings)
        forks = Forks(ROOT, {**clean(), **environment})
        yield Service(settings, addresses, environment, forks)
    finally:
        os.environ.clear()
        os.environ.update(before)
        keeper = started.pop("keeper", None)
        end([] if keeper is None else [keeper])  # first, or it would start the others again
        end(list({**started, **read_record(state).processes}.values()))


def _start(part: Part, state: Path, addresses: Mapping[str, str], environment: Mapping[str, str]) -> Started:
    whole = {**inherited(), **environment, **part.environment, **QUICK}
    return start(part.command(state, addresses), whole, state / "logs" / f"{part.name}.log", ROOT)


def _prepare_emulated(settings: Settings) -> dict[str, str]:
    """What Bicep and `setup` make on Azure; the variables by which the SDKs find the emulator."""
    from platforms.azure.emulated import client_environment, make_infrastructure
    from platforms.choose import setup_plan

    environment = client_environment(settings.state)
    os.environ.update(environment)
    make_infrastructure(settings.require_azure())
    for item in setup_plan(settings, []):
        if not item.there:
            item.make()
    return environment
