"""Azurite, Microsoft's emulator of Azure Storage: found where `make test` installed it, started on loopback, ended."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deployments.environment import ROOT
from deployments.ports import free_ports

SCRIPT = ROOT / ".perennial" / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
START_LIMIT_SECONDS = 60.0
# Its well-known account, which stands in its documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class AzuriteMissing(RuntimeError):
    """It cannot be started here; the message says what is missing."""


def connection_string(url: str, key: str = KEY) -> str:
    """How the SDK is told of the account at that URL."""
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={url};"


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """Its blob service, with its data in that folder; the account's URL. AzuriteMissing or RuntimeError say why not."""
    node = shutil.which("node")
    if node is None:
        raise AzuriteMissing("Azurite needs Node.js, which is not there.")
    if not SCRIPT.is_file():
        raise AzuriteMissing("Azurite is not installed: `make test` installs it where there is npm.")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_ports(["azurite"])["azurite"]
    flags = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", str(folder)]
    command = [node, str(SCRIPT), "--blobHost", "127.0.0.1", "--blobPort", str(port), *flags]
    log = folder / "azurite.log"
    environment = {**os.environ, "DO_NOT_TRACK": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Azurite did not start. Its log:\n{log.read_text()[-2000:]}")
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=2)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
