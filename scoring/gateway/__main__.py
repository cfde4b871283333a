"""`python -m scoring.gateway`: the gateway as a process."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
from pathlib import Path

import uvicorn

from scoring.gateway.admin import admin_app
from scoring.gateway.dataplane import ClientConnection, DataPlane
from scoring.gateway.left_servers import hold_lock
from scoring.gateway.state import Registry
from scoring.gateway.supervisor import Supervisor

HOST = "127.0.0.1"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scoring.gateway", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of endpoints, models and logs")
    parser.add_argument("--port", type=int, required=True, help="where clients score")
    parser.add_argument("--admin-port", type=int, required=True, help="where the service deploys")
    parser.add_argument("--predictions", type=Path, help="folder of the prediction log; none: no log")
    parser.add_argument("--environments", type=Path, required=True, help="folder of the slots' environments")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds that slots outlive a killed gateway")
    return parser.parse_args()


def _token(state: Path) -> str:
    """The admin token: the environment's, or one that is made once and that only we can read."""
    file = state / "admin.token"
    given = os.environ.get("PERENNIAL_GATEWAY_TOKEN") or (file.read_text() if file.exists() else "")
    token = given or secrets.token_urlsafe(32)
    file.touch(mode=0o600)
    file.write_text(token)
    return token


async def _serve(arguments: argparse.Namespace) -> None:
    state: Path = arguments.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    _held = hold_lock(state)
    registry = Registry(state)
    predictions = arguments.predictions.resolve() if arguments.predictions else None
    supervisor = Supervisor(registry, arguments.environments, predictions, arguments.patience)
    plane = DataPlane(registry)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ClientConnection(plane), HOST, arguments.port, backlog=512)
    app = admin_app(registry, supervisor, _token(state), f"http://{HOST}:{arguments.port}")
    admin = uvicorn.Server(
        uvicorn.Config(app, host=HOST, port=arguments.admin_port, log_level="warning", access_log=False)
    )
    supervisor.start_all()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # uvicorn would take the signals for itself alone; its public `serve` cannot be told not to.
    serving = asyncio.create_task(admin._serve())
    await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    server.close()
    admin.should_exit = True
    await asyncio.gather(serving, supervisor.close())


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(_serve(_arguments()))
    except ImportError:  # Windows has none
        asyncio.run(_serve(_arguments()))
