"""The parts of the local stack: what each is started by, where it listens, and how one sees that it answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deployments.environment import ROOT
from platforms.azure.emulated import CONTAINER, REGISTRY, WORKSPACES, identity_of
from platforms.settings import LOCAL_POOL, PlatformName

Addresses = Mapping[str, str]


def _url_answers(address: str, path: str) -> Callable[[Path, Addresses], bool]:
    def look(_: Path, addresses: Addresses) -> bool:
        try:
            return httpx.get(addresses[address] + path, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    return look


@dataclass(frozen=True)
class Part:
    """One long-lived process."""

    name: str
    command: Callable[[Path, Addresses], list[str]]
    ports: tuple[str, ...] = ()  # names of the addresses that it listens on
    answers: Callable[[Path, Addresses], bool] | None = None  # None: nothing to be asked
    environment: Mapping[str, str] = field(default_factory=dict)


def port_of(address: str) -> str:
    """The port in an address."""
    return address.rpartition(":")[2]


def _prefect(_: Path, addresses: Addresses) -> list[str]:
    command = [sys.executable, "-m", "deployments.prefect_server", "server", "start", "--host", "127.0.0.1"]
    return [*command, "--port", port_of(addresses["prefect"])]


def _worker(_: Path, __: Addresses) -> list[str]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", LOCAL_POOL, "--type", "process"]
    return [*command, "--name", "perennial-worker", "--install-policy", "never"]


def _mlflow(state: Path, addresses: Addresses) -> list[str]:
    folder = state / "mlflow"
    folder.mkdir(exist_ok=True)
    options = ["--host", "127.0.0.1", "--port", port_of(addresses["mlflow"]), "--workers", "1"]
    places = [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    return [sys.executable, "-m", "mlflow", "server", *options, *places]


def _gateway(state: Path, addresses: Addresses) -> list[str]:
    ports = ["--port", port_of(addresses["gateway"]), "--admin-port", port_of(addresses["gateway_admin"])]
    places = ["--state", str(state / "gateway"), "--predictions", str(state / "blobs" / "predictions")]
    return [sys.executable, "-m", "scoring.gateway", *ports, *places, "--environments", str(_ENVIRONMENTS)]


def _emulator(state: Path, addresses: Addresses) -> list[str]:
    options = ["--port", port_of(addresses["emulator"]), "--mlflow", addresses["mlflow"]]
    return [*emulator_command(state / "emulator"), *options]


def emulator_command(folder: Path) -> list[str]:
    """An emulated subscription of three workspaces, a registry, and an identity a stage. `folder` holds its state."""
    from scoring.environment import build_environment

    serve = f"{build_environment(_ENVIRONMENTS)} {ROOT / 'scoring' / 'serve.py'}"
    options = ["--state", str(folder)]
    options += [word for name in WORKSPACES for word in ("--workspace", name)]
    options += [word for name in WORKSPACES for word in ("--identity", f"{identity_of(name)}={_grants(name)}")]
    options += ["--registry", REGISTRY, "--python", sys.executable]
    options += ["--serve", serve + " --entry_script {app_root}/{entry_script} --port {port}"]
    return [sys.executable, "-m", "azureml_emulator", *options]


def _grants(workspace: str) -> str:
    """What a stage's identity may reach: its own workspace, the registry and the data."""
    return f"{workspace},registry:{REGISTRY},container:{CONTAINER}"


def _emulator_answers(state: Path, addresses: Addresses) -> bool:
    """It writes its description when it answers, and takes it away when it ends."""
    from platforms.azure.emulated import description

    try:
        return str(description(state)["proxy_port"]) == port_of(addresses["emulator"])
    except (LookupError, ValueError):
        return False


_ENVIRONMENTS = ROOT / ".perennial" / "environments"  # shared: they are named by what they hold

_PREFECT = Part(
    "prefect",
    _prefect,
    ("prefect",),
    _url_answers("prefect", "/api/health"),
    {
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "true",
    },
)
_WORKER = Part("worker", _worker, environment={"PREFECT_SERVER_EPHEMERAL_ENABLED": "false"})
_MLFLOW = Part("mlflow", _mlflow, ("mlflow",), _url_answers("mlflow", "/health"))
_GATEWAY = Part("gateway", _gateway, ("gateway", "gateway_admin"), _url_answers("gateway_admin", "/healthz"))
_EMULATOR = Part("emulator", _emulator, ("emulator",), _emulator_answers)

PARTS: Mapping[PlatformName, tuple[Part, ...]] = {
    "local": (_PREFECT, _MLFLOW, _GATEWAY, _WORKER),
    "azure": (_PREFECT, _WORKER),
    "azure-emulated": (_PREFECT, _MLFLOW, _EMULATOR, _WORKER),
}


def ports_of(platform: PlatformName) -> list[str]:
    """The names of all that is listened on there."""
    return [port for part in PARTS[platform] for port in part.ports]
