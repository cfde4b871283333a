"""The built-in blob service, by the storage SDK."""

from __future__ import annotations

import pytest

from tests.azureml_emulator.conftest import Emulator

_KEY = "ZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQgZW11bGF0ZWQ="


@pytest.mark.parametrize("credential", ["identity", "key"])
def test_blobs_by_the_storage_sdk(sdk: Emulator, credential: str) -> None:
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    assert sdk.description["storage_account"] == "emulated"
    service = BlobServiceClient(
        "https://emulated.blob.core.windows.net",
        credential=_KEY if credential == "key" else DefaultAzureCredential(),
        max_single_put_size=1024,
        max_block_size=1024,
        max_single_get_size=1024,
        max_chunk_get_size=1024,
    )
    container = service.create_container(f"raw-{credential}")
    large = bytes(range(256)) * 40
    container.upload_blob("a/large.bin", large)
    assert container.download_blob("a/large.bin", max_concurrency=2).readall() == large
    container.upload_blob("a/ä & <b>.csv", b"1,2", metadata={"by": "test"})
    container.upload_blob("a/deep/er.csv", b"")
    assert container.download_blob("a/ä & <b>.csv").readall() == b"1,2"
    assert container.download_blob("a/deep/er.csv").readall() == b""
    assert [blob.name for blob in container.list_blobs("a/")] == ["a/deep/er.csv", "a/large.bin", "a/ä & <b>.csv"]
    assert [found.name for found in container.walk_blobs("a/")] == ["a/deep/", "a/large.bin", "a/ä & <b>.csv"]
    assert [len(list(page)) for page in container.list_blobs(results_per_page=2).by_page()] == [2, 1]
    with pytest.raises(ResourceExistsError):
        container.upload_blob("a/large.bin", b"", overwrite=False)
    container.delete_blob("a/large.bin")
    with pytest.raises(ResourceNotFoundError):
        container.download_blob("a/large.bin")


def test_a_wrong_key_opens_nothing_and_a_signature_one_blob(sdk: Emulator) -> None:
    from datetime import UTC, datetime, timedelta

    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobClient, BlobSasPermissions, BlobServiceClient, generate_blob_sas

    assert sdk.description["storage_account"] == "emulated"
    host, container = "https://emulated.blob.core.windows.net", "signed"
    wrong = BlobServiceClient(host, credential="d3Jvbmc=", retry_total=0)
    with pytest.raises(HttpResponseError, match="signature"):
        wrong.create_container(container)
    right = BlobServiceClient(host, credential=_KEY).create_container(container)
    for name in ("a b.txt", "other.txt"):
        right.upload_blob(name, b"1")

    def opened(name: str, hours: int, blob: str) -> bytes:
        until = datetime.now(UTC) + timedelta(hours=hours)
        may = BlobSasPermissions(read=True)
        token = generate_blob_sas("emulated", container, name, account_key=_KEY, permission=may, expiry=until)
        return BlobClient(host, container, blob, credential=token, retry_total=0).download_blob().readall()

    assert opened("a b.txt", 1, "a b.txt") == b"1"
    for hours, blob in ((1, "other.txt"), (-1, "a b.txt")):
        with pytest.raises(HttpResponseError, match="AuthenticationFailed"):
            opened("a b.txt", hours, blob)
