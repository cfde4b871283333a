"""Azurite, Microsoft's emulator of Azure Storage, once for all tests that need it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deployments.ports import free_ports
from tests.conftest import ROOT

SCRIPT = ROOT / ".perennial" / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
# Azurite's well-known account, which stands in its documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL with the account: `http://127.0.0.1:PORT/devstoreaccount1`."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Azurite needs Node.js, which is not there.")
    if not SCRIPT.is_file():
        pytest.skip("Azurite is not installed: `make test` installs it where there is npm.")
    port = free_ports(["azurite"])["azurite"]
    folder = tmp_path_factory.mktemp("azurite")
    flags = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", str(folder)]
    command = [node, str(SCRIPT), "--blobHost", "127.0.0.1", "--blobPort", str(port), *flags]
    log = (folder / "azurite.log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "DO_NOT_TRACK": "1"})
    try:
        _wait(process, port, folder / "azurite.log")
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="session")
def connection_string(azurite: str) -> str:
    """How the SDK is told of Azurite's account."""
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={azurite};"


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=2)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
