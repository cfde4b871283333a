"""What the service needs of this machine: Python, disk, ports that are free or its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx

from deployments.parts import ports_of
from deployments.ports import DEFAULT_PORTS, PortInUse, require_free
from platforms.checkup import Check, Finding, missing, ok, warning
from platforms.settings import Settings

_LEAST_DISK_GB = 5.0  # environments, runs, models; a first demo takes about one
_OLDEST, _TOO_NEW = (3, 11), (3, 14)
_HEALTH = {"prefect": "/api/health", "mlflow": "/health", "gateway_admin": "/healthz"}


def checks(settings: Settings) -> list[Check]:
    """Python and disk; then either the running parts, or the ports that they would take."""
    found = [Check("Python", _python), Check("disk", partial(_disk, settings.state))]
    if settings.addresses:
        return found + [
            Check(f"{name} of the service", partial(_answers, settings, name), _start(settings))
            for name in _HEALTH
            if name in settings.addresses
        ]
    return [*found, Check("service", partial(_stopped, settings)), Check("ports", partial(_ports, settings))]


def _start(settings: Settings) -> str:
    return f"perennial up --state {settings.state} --platform {settings.platform}"


def _python() -> Iterator[Finding]:
    told = f"{sys.version.split()[0]} at {sys.executable}"
    fits = _OLDEST <= sys.version_info[:2] < _TOO_NEW
    yield ok("Python", told) if fits else missing("Python", told, "make clean && make PYTHON=python3.12 setup")


def _disk(state: Path) -> Iterator[Finding]:
    there = next(folder for folder in (state.resolve(), *state.resolve().parents) if folder.exists())
    free = shutil.disk_usage(there).free / 1e9
    told = f"{free:.1f} GB free at {there}"
    yield ok("disk", told) if free >= _LEAST_DISK_GB else warning("disk", told, f"df -h {there}   # make room")


def _stopped(settings: Settings) -> Iterator[Finding]:
    yield missing("service", f"none runs in {settings.state}", _start(settings))


def _ports(settings: Settings) -> Iterator[Finding]:
    wanted = {name: DEFAULT_PORTS[name] for name in ports_of(settings.platform)}
    try:
        require_free(wanted)
    except PortInUse as taken:
        yield warning("ports", str(taken).partition(". Choose")[0], "perennial up --ports NAME=PORT")
    else:
        yield ok("ports", f"{', '.join(map(str, wanted.values()))} are free")


def _answers(settings: Settings, name: str) -> Iterator[Finding]:
    what, address = f"{name} of the service", settings.addresses[name]
    try:
        healthy = httpx.get(address + _HEALTH[name], timeout=8.0).is_success
    except httpx.TransportError:
        healthy = False
    yield ok(what, address) if healthy else missing(what, f"{address} does not answer", _start(settings))
