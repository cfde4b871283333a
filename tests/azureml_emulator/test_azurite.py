"""The same with Azurite behind the blob host: signatures and tokens that Azurite itself checks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_emulator.certificates import Certificates
from tests.azureml_emulator.conftest import Emulator, make_client
from tests.conftest import ROOT

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_SCRIPT = ROOT / ".perennial" / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
_KEY = "ZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQ="


@pytest.fixture
def azurite(tmp_path: Path) -> Iterator[str]:
    """Over TLS, without which it takes no tokens."""
    script = Path(os.environ.get("AZURITE_SCRIPT", _SCRIPT))
    node = shutil.which("node")
    if node is None or not script.is_file():
        pytest.skip("Azurite is not installed: `make test` installs it where there is npm.")
    certificates = Certificates(tmp_path / "azurite")
    certificates.context("localhost")
    pair = str(tmp_path / "azurite" / "hosts" / "localhost.pem")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    flags = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--oauth", "basic", "--cert", pair]
    flags += ["--key", pair, "--location", str(tmp_path / "azurite"), "--blobHost", "127.0.0.1"]
    environment = {**os.environ, "AZURITE_ACCOUNTS": f"emulated:{_KEY}", "DO_NOT_TRACK": "1"}
    process = subprocess.Popen([node, str(script), *flags, "--blobPort", str(port)], env=environment)
    try:
        _wait(process, port)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "Azurite ended"
        assert time.monotonic() < deadline, "Azurite did not listen"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)


@pytest.fixture
def client(own_emulator: Emulator, azurite: str, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    own_emulator.arguments = ["--azurite", azurite]
    own_emulator.restart()
    for name, value in own_emulator.description["environment"].items():
        monkeypatch.setenv(name, value)
    return make_client(own_emulator, "development")


def test_a_model_goes_up_and_comes_down(client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.txt").write_text("0.5")
    client.models.create_or_update(Model(name="diabetes", version="1", path=str(tmp_path / "model")))
    client.models.download("diabetes", "1", download_path=str(tmp_path / "got"))
    assert next((tmp_path / "got").rglob("weights.txt")).read_text() == "0.5"


def test_a_token_opens_the_blobs(client: MLClient) -> None:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    assert client.datastores.get_default().account_name == "emulated"
    service = BlobServiceClient("https://emulated.blob.core.windows.net", credential=DefaultAzureCredential())
    service.create_container("raw").upload_blob("a/b.csv", b"1,2")
    assert service.get_blob_client("raw", "a/b.csv").download_blob().readall() == b"1,2"
