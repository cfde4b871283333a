"""The stack on this machine, all on loopback: started part by part, waited for, ended."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.environment import ROOT, inherited, process_environment
from deployments.parts import PARTS, Addresses, Part, ports_of
from deployments.ports import free_ports, require_free
from deployments.processes import Started, end, log_end, start
from platforms.settings import CURRENT, Settings

START_LIMIT_SECONDS = 120.0
STATES = (Path(".perennial/service"), Path(".perennial/demo"))


class StackFailed(RuntimeError):
    """A part of the stack did not come up; the message holds the end of its log."""


@dataclass(frozen=True)
class Stack:
    """The running parts: their addresses, and the environment for whoever speaks to them."""

    state: Path
    addresses: dict[str, str]
    environment: dict[str, str]
    started: tuple[str, ...]  # what this call started; empty where all of it ran


def up(settings: Settings, ports: Mapping[str, int] | None = None) -> Stack:
    """Start what is not running and wait until all of it answers. `ports`: wanted ones; None: any that are free.

    PortInUse or StackFailed say what is wrong. Called again, it changes nothing.
    """
    state = settings.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    record = _read(state)
    running = {name: one for name, one in record["processes"].items() if one.process is not None}
    addresses = record["addresses"] if running else {}
    if not addresses:
        names = ports_of(settings.platform)
        chosen = {name: ports[name] for name in names} if ports is not None else free_ports(names)
        require_free(chosen)
        addresses = {name: f"http://127.0.0.1:{port}" for name, port in chosen.items()}
    environment = process_environment(settings, addresses)
    parts = PARTS[settings.platform]
    missing = [part for part in parts if part.name not in running]
    for part in missing:
        command = part.command(state, addresses)
        running[part.name] = start(
            command, {**inherited(), **environment, **part.environment}, _log(state, part.name), ROOT
        )
        _write(state, running, addresses)
    _wait_all(parts, running, state, addresses)
    if settings.platform == "azure-emulated":
        environment |= _prepare_emulated(settings)
    CURRENT.parent.mkdir(exist_ok=True)
    CURRENT.write_text(json.dumps({"state": str(state), "platform": settings.platform}))
    return Stack(state, addresses, environment, tuple(part.name for part in missing))


def _prepare_emulated(settings: Settings) -> dict[str, str]:
    """What Bicep and the `setup` flow make on Azure; the variables by which the SDKs find the emulator."""
    from platforms.azure.emulated import client_environment, make_infrastructure
    from platforms.choose import setup_plan

    environment = client_environment(settings.state)
    os.environ.update(environment)
    make_infrastructure(settings.require_azure())
    for item in setup_plan(settings, []):
        if item.there is False:
            item.make()
    return environment


def down(state: Path) -> int:
    """End what `up` started in that state directory, and nothing else; how many processes there were."""
    record = _read(state)
    ended = end(list(record["processes"].values()))
    (state / "stack.json").unlink(missing_ok=True)
    return ended


def _read(state: Path) -> dict[str, Any]:
    try:
        content = json.loads((state / "stack.json").read_text())
    except FileNotFoundError:
        return {"processes": {}, "addresses": {}}
    processes = {name: Started(**one) for name, one in content["processes"].items()}
    return {"processes": processes, "addresses": content["addresses"]}


def _write(state: Path, running: Mapping[str, Started], addresses: Mapping[str, str]) -> None:
    processes = {name: one.as_record() for name, one in running.items()}
    temporary = state / "stack.json.part"
    temporary.write_text(json.dumps({"processes": processes, "addresses": dict(addresses)}, indent=1))
    temporary.replace(state / "stack.json")


def _log(state: Path, name: str) -> Path:
    return state / "logs" / f"{name}.log"


def _wait_all(parts: Sequence[Part], running: Mapping[str, Started], state: Path, addresses: Addresses) -> None:
    with ThreadPoolExecutor(len(parts)) as pool:
        for wait in [pool.submit(_wait, part, running[part.name], state, addresses) for part in parts if part.answers]:
            wait.result()


def _wait(part: Part, started: Started, state: Path, addresses: Addresses) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if started.process is None:
            raise StackFailed(f"{part.name} ended while it was starting. The end of its log:\n{log_end(started.log)}")
        if part.answers is not None and part.answers(state, addresses):
            return
        time.sleep(0.1)
    raise StackFailed(
        f"{part.name} did not answer within {START_LIMIT_SECONDS:.0f} s. Its log:\n{log_end(started.log)}"
    )
