"""What one emulator is told at its start."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ZERO_ID = "00000000-0000-0000-0000-"


@dataclass(frozen=True)
class Settings:
    """One emulated subscription: its workspaces share a resource group and a region."""

    state: Path
    port: int = 0
    subscription: str = ZERO_ID + "000000000001"
    tenant: str = ZERO_ID + "000000000002"
    client: str = ZERO_ID + "000000000003"
    secret: str = "emulated"  # noqa: S105 - opens nothing but this emulator
    resource_group: str = "emulated"
    region: str = "westeurope"
    account: str = "emulated"
    account_key: str = "ZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQ="
    workspaces: tuple[str, ...] = ("development",)
    registries: dict[str, str] = field(default_factory=dict)  # name to subscription
    identities: dict[str, tuple[str, ...]] = field(default_factory=dict)
    azurite: str | None = None
    mlflow: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    serve: str | None = None
    start_limit: float = 120.0
    check_bodies: bool = False
    quota: int | None = None
    unregistered: tuple[str, ...] = ()

    @property
    def data_plane(self) -> str:
        """The region's host of run history, data and MLflow."""
        return f"{self.region}.api.azureml.ms"

    def workspace_id(self, workspace: str) -> str:
        """The workspace's resource id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
        )

    def registry_id(self, registry: str) -> str:
        """The registry's resource id; its subscription may be another than the workspaces'."""
        return (
            f"/subscriptions/{self.registries[registry]}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/registries/{registry}"
        )

    def mlflow_of(self, workspace: str) -> str | None:
        """The MLflow server of a workspace, or the one of all that have none of their own."""
        return self.mlflow.get(workspace) or self.mlflow.get("")


def client_environment(settings: Settings, proxy_port: int, authority: Path) -> dict[str, str]:
    """What leads an unchanged SDK to the emulator."""
    return {
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy_port}",
        "NO_PROXY": "127.0.0.1,localhost",
        "REQUESTS_CA_BUNDLE": str(authority),
        "SSL_CERT_FILE": str(authority),
        "AZURE_TENANT_ID": settings.tenant,
        "AZURE_CLIENT_ID": settings.client,
        "AZURE_CLIENT_SECRET": settings.secret,
    }


def read_settings(arguments: Sequence[str]) -> Settings:
    """The settings that the command line says."""
    known = vars(_parser().parse_args(arguments))
    workspaces = tuple(known.pop("workspace") or ("development",))
    identities = dict(_identity(text) for text in known.pop("identity") or ())
    subscription = known["subscription"] or Settings.subscription
    registries = dict(_registry(text, subscription) for text in known.pop("registry") or ())
    given = {name: value for name, value in known.items() if value is not None}
    given["unregistered"] = tuple(known["unregistered"] or ())
    given["mlflow"] = dict(_mlflow(text) for text in known["mlflow"] or ())
    given["state"] = Path(given["state"]).resolve()
    return Settings(workspaces=workspaces, registries=registries, identities=identities, **given)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m azureml_emulator", description=__doc__)
    add = parser.add_argument
    add("--state", required=True, help="folder of everything the emulator keeps")
    add("--port", type=int, help="port of the CONNECT proxy on 127.0.0.1; 0 takes a free one")
    add("--workspace", action="append", help="a workspace there is; may be given several times")
    add("--registry", action="append", help="NAME or NAME=SUBSCRIPTION: a registry there is; several times for several")
    add("--identity", action="append", help="CLIENT_ID=WORKSPACE,registry:NAME:read,…: a further identity, its grants")
    add("--subscription", help="id of the subscription")
    add("--resource-group", help="name of the resource group")
    add("--region", help="name of the region")
    add("--account", help="name of the storage account for data; workspaces and registries have others")
    add("--account-key", help="its key, in base64; the keys of the others follow from it")
    add("--azurite", help="address of an Azurite for blobs, http(s)://HOST:PORT; without it a small one is built in")
    add("--mlflow", action="append", help="an MLflow server that holds the runs: URL, or WORKSPACE=URL for one's own")
    add("--python", help="the Python that jobs and servers find first on PATH")
    add("--serve", help="command that serves a model: {port}, {model_dir}, {app_root}, {entry_script} are filled in")
    add("--start-limit", type=float, help="seconds that a model server may take to answer")
    add("--quota", type=int, help="cores that clusters and managed deployments may take of each family of sizes")
    add("--unregistered", action="append", help="a resource provider that the subscription has not registered")
    add("--check-bodies", action="store_true", help="refuse what the SDK's own models of a body do not allow")
    return parser


def _registry(text: str, subscription: str) -> tuple[str, str]:
    name, _, other = text.partition("=")
    return name, other or subscription


def _identity(text: str) -> tuple[str, tuple[str, ...]]:
    client, _, workspaces = text.partition("=")
    return client, tuple(name for name in workspaces.split(",") if name)


def _mlflow(text: str) -> tuple[str, str]:
    workspace, divider, url = text.partition("=")
    return (workspace, url) if divider and "/" not in workspace else ("", text)
