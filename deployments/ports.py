"""Loopback ports: found free, or wanted and in use by somebody."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import psutil

DEFAULT_PORTS = {"prefect": 4200, "mlflow": 5000, "gateway": 8080, "gateway_admin": 8081, "emulator": 8443}


class PortInUse(RuntimeError):
    """A port that we were to listen on is taken; the message says by whom."""


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A free port for each name, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(names, sockets, strict=True)}


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free(ports: Mapping[str, int]) -> None:
    """PortInUse, naming every port that is taken and the process that has it."""
    taken = [f"port {port} ({name}) is in use{_by_whom(port)}" for name, port in ports.items() if _is_taken(port)]
    if taken:
        raise PortInUse("; ".join(taken) + ". Choose others by --ports, such as --ports prefect=4300.")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f" by pid {connection.pid} ({psutil.Process(connection.pid).name()})" if connection.pid else ""
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""  # on some systems, only root may ask
    return ""


def parse_ports(words: Sequence[str]) -> dict[str, int]:
    """`NAME=PORT` words. ValueError for an unknown name or no port."""
    ports = {}
    for word in words:
        name, _, port = word.partition("=")
        if name not in DEFAULT_PORTS or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{word!r}: write NAME=PORT, with one of {', '.join(DEFAULT_PORTS)}.")
        ports[name] = int(port)
    return ports
