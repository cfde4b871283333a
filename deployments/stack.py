"""The local stack: Prefect's server and a worker, MLflow, and the scoring gateway, all on loopback."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deployments.environment import ROOT, inherited, process_environment
from deployments.ports import DEFAULT_PORTS, free_ports, require_free
from deployments.processes import Started, end, log_end, start
from platforms.settings import CURRENT, Settings
from platforms.settings import LOCAL_POOL as POOL

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
        chosen = dict(ports) if ports is not None else free_ports(list(DEFAULT_PORTS))
        require_free(chosen)
        addresses = {name: f"http://127.0.0.1:{port}" for name, port in chosen.items()}
    environment = process_environment(settings, addresses)
    missing = [name for name in _COMMANDS if name not in running]
    for name in missing:
        command = _COMMANDS[name](state, addresses)
        running[name] = start(command, {**inherited(), **environment, **_EXTRA.get(name, {})}, _log(state, name), ROOT)
        _write(state, running, addresses)
    _wait_all(running, addresses)
    CURRENT.parent.mkdir(exist_ok=True)
    CURRENT.write_text(json.dumps({"state": str(state)}))
    return Stack(state, addresses, environment, tuple(missing))


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


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _prefect(_: Path, addresses: Mapping[str, str]) -> list[str]:
    command = [sys.executable, "-m", "deployments.prefect_server", "server", "start", "--host", "127.0.0.1"]
    return [*command, "--port", _port(addresses["prefect"])]


def _worker(_: Path, __: Mapping[str, str]) -> list[str]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    return [*command, "--name", "perennial-worker", "--install-policy", "never"]


def _mlflow(state: Path, addresses: Mapping[str, str]) -> list[str]:
    folder = state / "mlflow"
    folder.mkdir(exist_ok=True)
    options = ["--host", "127.0.0.1", "--port", _port(addresses["mlflow"]), "--workers", "1"]
    places = [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    return [sys.executable, "-m", "mlflow", "server", *options, *places]


def _gateway(state: Path, addresses: Mapping[str, str]) -> list[str]:
    ports = ["--port", _port(addresses["gateway"]), "--admin-port", _port(addresses["gateway_admin"])]
    environments = ROOT / ".perennial" / "environments"  # shared: they are named by what they hold
    places = ["--state", str(state / "gateway"), "--predictions", str(state / "blobs" / "predictions")]
    return [sys.executable, "-m", "scoring.gateway", *ports, *places, "--environments", str(environments)]


_COMMANDS: dict[str, Callable[[Path, Mapping[str, str]], list[str]]] = {
    "prefect": _prefect,
    "mlflow": _mlflow,
    "gateway": _gateway,
    "worker": _worker,
}
_EXTRA = {
    "prefect": {
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "true",
    },
    "worker": {"PREFECT_SERVER_EPHEMERAL_ENABLED": "false"},
}
_HEALTH = {"prefect": "/api/health", "mlflow": "/health", "gateway_admin": "/healthz"}
_OWNER = {"gateway_admin": "gateway"}


def _wait_all(running: Mapping[str, Started], addresses: Mapping[str, str]) -> None:
    with ThreadPoolExecutor(len(_HEALTH)) as pool:
        waits = [
            pool.submit(_wait, _OWNER.get(name, name), running[_OWNER.get(name, name)], addresses[name] + path)
            for name, path in _HEALTH.items()
        ]
        for wait in waits:
            wait.result()


def _wait(name: str, started: Started, url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if started.process is None:
            raise StackFailed(f"{name} ended while it was starting. The end of its log:\n{log_end(started.log)}")
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise StackFailed(f"{name} did not answer within {START_LIMIT_SECONDS:.0f} s. Its log:\n{log_end(started.log)}")
