"""The built-in blob service, by the storage SDK."""

from __future__ import annotations

import pytest

from tests.azureml_emulator.conftest import Emulator


def test_blobs_by_the_storage_sdk(sdk: Emulator) -> None:
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    assert sdk.description["storage_account"] == "emulated"
    service = BlobServiceClient(
        "https://emulated.blob.core.windows.net",
        credential=DefaultAzureCredential(),
        max_single_put_size=1024,
        max_block_size=1024,
        max_single_get_size=1024,
        max_chunk_get_size=1024,
    )
    container = service.create_container("raw")
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
