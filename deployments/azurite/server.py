"""One Azurite on loopback, with an account of its own, ended with the block that started it."""

from __future__ import annotations

import base64
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deployments.azurite.install import install_azurite
from deployments.ports import free_ports

_START_LIMIT_SECONDS = 300.0
_ACCOUNT = "perennialaccount"


@dataclass(frozen=True)
class Azurite:
    """Where it listens, and the key of its one account, which was made for it and dies with it."""

    process: subprocess.Popen[bytes]
    port: int
    scheme: str
    account: str
    key: str = field(repr=False)

    @property
    def account_url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/{self.account}"

    @property
    def connection_string(self) -> str:
        return (
            f"DefaultEndpointsProtocol={self.scheme};AccountName={self.account};"
            f"AccountKey={self.key};BlobEndpoint={self.account_url};"
        )

    def stop(self) -> None:
        """End it and wait for that."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running_azurite(
    programs: Path,
    state: Path,
    tls: tuple[Path, Path] | None = None,
    account: str = _ACCOUNT,
    key: str | None = None,
    accounts: str = "",
) -> Iterator[Azurite]:
    """Start it, installing it first where needed. With `tls` (certificate, key) it also takes bearer tokens.

    Without a key the account gets one that dies with this process. `accounts` are further ones, NAME:KEY;NAME:KEY.
    """
    program = install_azurite(programs)
    state.mkdir(parents=True, exist_ok=True)
    port = free_ports(["azurite"])["azurite"]
    key = key or base64.b64encode(secrets.token_bytes(32)).decode()
    with (state / "azurite.log").open("wb") as log:
        process = subprocess.Popen(
            ["node", str(program), *_flags(port, state, tls)],
            cwd=state,
            env={**os.environ, "AZURITE_ACCOUNTS": f"{account}:{key};{accounts}".rstrip(";")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    azurite = Azurite(process, port, "https" if tls else "http", account, key)
    try:
        _wait_until_it_listens(azurite, state / "azurite.log")
        yield azurite
    finally:
        azurite.stop()


def _flags(port: int, state: Path, tls: tuple[Path, Path] | None) -> Sequence[str]:
    flags = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(state)]
    flags += ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    if tls:
        flags += ["--cert", str(tls[0]), "--key", str(tls[1]), "--oauth", "basic"]
    return flags


def _wait_until_it_listens(azurite: Azurite, log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_SECONDS
    while azurite.process.poll() is None and time.monotonic() < deadline:
        if b"successfully listens" in log.read_bytes():
            return
        time.sleep(0.05)
    raise RuntimeError(f"Azurite did not start: {log.read_text(errors='replace')[-1000:]}")


def _die_with_parent() -> None:
    """It must not outlive a test run that was killed: the kernel ends it then (Linux's PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
