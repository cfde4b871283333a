"""Starts the emulator: `python -m azureml_emulator --state DIR`; prints one line when it answers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from azureml_emulator.accounts import Accounts
from azureml_emulator.assembly import assemble
from azureml_emulator.certificates import Certificates
from azureml_emulator.proxy import Proxy, Upstream
from azureml_emulator.settings import Settings, client_environment, read_settings

_LOOPBACK = "127.0.0.1"


def main() -> None:
    """Run until a signal ends it."""
    settings = read_settings(sys.argv[1:])
    settings.state.mkdir(parents=True, exist_ok=True)
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    certificates = Certificates(settings.state)
    app_socket, proxy_socket = _listen(0), _listen(settings.port)
    app_port, proxy_port = app_socket.getsockname()[1], proxy_socket.getsockname()[1]
    app, start, stop = assemble(settings, proxy_port, certificates.authority_file)
    own = Upstream(_LOOPBACK, app_port)
    proxy = Proxy(certificates, own, _blobs(settings, own), app.log_unknown)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False))
    # uvicorn sends itself the signal again once it has ended: that must not end us before the servers are.
    signal.signal(signal.SIGTERM, lambda *_: None)
    serving = asyncio.create_task(server.serve(sockets=[app_socket]))
    listener = await asyncio.start_server(proxy.serve, sock=proxy_socket)
    try:
        await asyncio.to_thread(start)
        _tell(settings, proxy_port, app_port, certificates.authority_file)
        await serving
    finally:
        server.should_exit = True
        listener.close()
        await asyncio.to_thread(stop)
        _description(settings).unlink(missing_ok=True)


def _listen(port: int) -> socket.socket:
    listening = socket.create_server((_LOOPBACK, port))
    listening.setblocking(False)
    return listening


def _blobs(settings: Settings, own: Upstream) -> Upstream:
    if settings.azurite is None:
        return own
    parts = urlsplit(settings.azurite)
    return Upstream(parts.hostname or _LOOPBACK, parts.port or 10000, parts.scheme == "https")


def _description(settings: Settings) -> Path:
    return settings.state / "emulator.json"


def _tell(settings: Settings, proxy_port: int, app_port: int, authority: Path) -> None:
    """`emulator.json`: where it is, and what a client's environment needs; then the line that says so."""
    description = {
        "pid": os.getpid(),
        "proxy_port": proxy_port,
        "control": f"http://{_LOOPBACK}:{app_port}/_emulator",
        "subscription": settings.subscription,
        "resource_group": settings.resource_group,
        "region": settings.region,
        "workspaces": list(settings.workspaces),
        "registries": list(settings.registries),
        "storage_account": settings.account,
        "storage_accounts": [account.name for account in Accounts(settings)],
        "environment": client_environment(settings, proxy_port, authority),
    }
    file = _description(settings)
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(description, indent=2))
    unfinished.replace(file)
    print(f"ready: {file}", flush=True)


if __name__ == "__main__":
    main()
