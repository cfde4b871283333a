"""`python -m azureml_emulator --state DIR`: start it on loopback and write DIR/emulator.json, what a client needs."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import secrets
import socket
from pathlib import Path

import uvicorn

from azureml_emulator.app import build
from azureml_emulator.certificates import Authority
from azureml_emulator.proxy import Proxy
from azureml_emulator.store import Store
from azureml_emulator.tokens import Tokens
from azureml_emulator.workspaces import Workspace, Workspaces

TENANT = "00000000-0000-0000-0000-00000000e000"
CLIENT = "00000000-0000-0000-0000-00000000c000"
SUBSCRIPTION = "00000000-0000-0000-0000-000000005000"
GROUP = "emulated"


def main() -> None:
    """Run until the process is ended."""
    parser = argparse.ArgumentParser(prog="azureml_emulator", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder for state, certificates and logs")
    parser.add_argument("--port", type=int, default=0, help="port of the proxy; 0: any that is free")
    parser.add_argument("--azurite", type=int, help="port on loopback of Azurite's blob service")
    parser.add_argument("--workspace", action="append", help="name of a workspace, as often as wanted")
    wanted = parser.parse_args()
    wanted.state.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=wanted.state / "emulator.log", level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(_run(wanted.state, wanted.port, wanted.azurite, wanted.workspace or ["development"]))


async def _run(state: Path, port: int, azurite: int | None, names: list[str]) -> None:
    secret = secrets.token_urlsafe(24)
    tokens = Tokens({CLIENT: secret})
    workspaces = Workspaces([Workspace(SUBSCRIPTION, GROUP, name) for name in names])
    app = build(tokens, workspaces, Store(state / "resources.sqlite"))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    authority = Authority(state)
    proxy = await Proxy(authority, listening.getsockname()[1], azurite).start(port)
    _write(state, authority, proxy, secret, names)
    await server.serve(sockets=[listening])


def _write(state: Path, authority: Authority, proxy: int, secret: str, names: list[str]) -> None:
    """What a client needs, whole or not at all, readable by its owner."""
    content = {
        "subscription": SUBSCRIPTION,
        "resource_group": GROUP,
        "workspaces": names,
        "environment": {
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy}",
            "REQUESTS_CA_BUNDLE": str(authority.path.resolve()),
            "NO_PROXY": "127.0.0.1,localhost",
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": secret,
        },
    }
    part = state / "emulator.json.part"
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=1))
    part.replace(state / "emulator.json")


if __name__ == "__main__":
    main()
