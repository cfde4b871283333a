"""The same with Azurite behind the blob host: signatures and tokens that Azurite itself checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azureml_emulator.accounts import Accounts, azurite_accounts
from azureml_emulator.certificates import Certificates
from azureml_emulator.settings import Settings
from deployments.azurite.install import NoNode, require_node
from deployments.azurite.server import running_azurite
from tests.azureml_emulator.conftest import Emulator, make_client
from tests.conftest import AZURITE

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_KEY = "ZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQ="


@pytest.fixture
def tls_azurite(tmp_path: Path) -> Iterator[str]:
    """Over TLS, without which it takes no tokens."""
    try:
        require_node()
    except NoNode as reason:
        pytest.skip(str(reason))
    Certificates(tmp_path / "azurite").context("localhost")
    pair = tmp_path / "azurite" / "hosts" / "localhost.pem"
    accounts = azurite_accounts(Settings(tmp_path)).partition(";")[2]
    with running_azurite(AZURITE, tmp_path / "azurite", (pair, pair), "emulated", _KEY, accounts) as running:
        yield f"https://127.0.0.1:{running.port}"


@pytest.fixture
def client(own_emulator: Emulator, tls_azurite: str, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    own_emulator.arguments = ["--azurite", tls_azurite]
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


def test_a_token_opens_the_blobs(client: MLClient, tmp_path: Path) -> None:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    own = Accounts(Settings(tmp_path)).of_workspace("development").name
    assert client.datastores.get_default().account_name == own
    service = BlobServiceClient("https://emulated.blob.core.windows.net", credential=DefaultAzureCredential())
    service.create_container("raw").upload_blob("a/b.csv", b"1,2")
    assert service.get_blob_client("raw", "a/b.csv").download_blob().readall() == b"1,2"
