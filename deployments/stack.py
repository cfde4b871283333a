"""The stack on this machine, all on loopback: started part by part, waited for, ended."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployments.environment import ROOT, inherited, process_environment
from deployments.parts import PARTS, Addresses, Part, ports_of
from deployments.ports import free_ports, require_free
from deployments.processes import Started, end, log_end, start
from deployments.stack_record import Record, read_record, remove_record, write_record
from platforms.settings import CURRENT, Settings

START_LIMIT_SECONDS = 300.0
KEEPER = "keeper"
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
    record = read_record(state)
    running = {name: one for name, one in record.processes.items() if one.process is not None}
    addresses = dict(record.addresses) if running else {}
    if not addresses:
        names = ports_of(settings.platform)
        chosen = {name: ports[name] for name in names} if ports is not None else free_ports(names)
        require_free(chosen)
        addresses = {name: f"http://127.0.0.1:{port}" for name, port in chosen.items()}
    environment = process_environment(settings, addresses)
    parts = PARTS[settings.platform]
    missing = [part for part in parts if part.name not in running]
    if missing and KEEPER in running:  # it would start them, too
        end([running.pop(KEEPER)])
    for part in missing:
        command = part.command(state, addresses)
        running[part.name] = start(
            command, {**inherited(), **environment, **part.environment}, _log(state, part.name), ROOT
        )
        write_record(state, Record(running, addresses))
    _wait_all(parts, running, state, addresses)
    if KEEPER not in running:
        running[KEEPER] = start_keeper(state, environment)
        write_record(state, Record(running, addresses))
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
    processes = dict(read_record(state).processes)
    keeper = processes.pop(KEEPER, None)
    ended = end([keeper]) if keeper is not None else 0  # first, or it would start the others again
    ended += end(list({**processes, **read_record(state).processes}.values()))
    remove_record(state)
    return ended


def start_keeper(state: Path, environment: Mapping[str, str]) -> Started:
    """What starts the parts again that end without having been told to."""
    command = [sys.executable, "-m", "deployments.keeper"]
    return start(command, {**inherited(), **environment}, _log(state, KEEPER), ROOT)


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
