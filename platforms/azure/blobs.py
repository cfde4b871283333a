"""A blob store in a container of Azure Blob Storage."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import uuid4

from platforms.azure.errors import told
from platforms.blob_names import require_blob_name
from platforms.ports import BlobInfo

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

CONNECTIONS = 8  # ranges of a blob under way at a time
BLOBS = min(8, 2 * (os.cpu_count() or 1))  # blobs under way at a time: more than two a core wait for one another
BLOCK_BYTES = 1024 * 1024  # read from the socket at a time; the default of 4096 bytes keeps a core busy with loops
CONNECT_SECONDS = 5
READ_SECONDS = 60


def connect(
    container: str,
    *,
    account_url: str | None = None,
    connection_string: str | None = None,
    sas_url: str | None = None,
    retries: int = 4,
) -> ContainerClient:
    """The container, by one of: a connection string; the container's SAS URL; or the account's URL and the identity
    that DefaultAzureCredential finds, which works where the account's keys are disabled.

    retries: how often a call that may help is made again, after 1, 2, 4 ... seconds.
    """
    from azure.storage.blob import ContainerClient, ExponentialRetry

    given = [one for one in (account_url, connection_string, sas_url) if one]
    if len(given) != 1:
        raise ValueError("Give one of account_url, connection_string, sas_url.")
    options: dict[str, Any] = {
        "retry_policy": ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=retries),
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "connection_data_block_size": BLOCK_BYTES,
    }
    if connection_string:
        return ContainerClient.from_connection_string(connection_string, container, **options)
    if sas_url:
        return ContainerClient.from_container_url(sas_url, **options)
    from azure.identity import DefaultAzureCredential

    return ContainerClient(account_url or "", container, credential=DefaultAzureCredential(), **options)


class AzureBlobStore:
    """Implements `BlobStore`. A blob that is replaced while its ranges are read is never mixed: the SDK pins its ETag.

    Times are whole seconds, as the service keeps them, so `since` may list what was written just before it.
    """

    def __init__(self, container: ContainerClient) -> None:
        self._container = container
        self._place = f"{container.account_name}/{container.container_name}"

    def list(self, prefix: str, since: datetime | None = None) -> Iterator[BlobInfo]:
        earliest = None if since is None else since.replace(microsecond=0)
        with told(f"list {self._place}/{prefix}"):
            for blob in self._container.list_blobs(name_starts_with=prefix or None):
                if earliest is None or blob.last_modified >= earliest:
                    yield BlobInfo(blob.name, blob.size, blob.last_modified, blob.etag)

    def read(self, name: str) -> bytes:
        with self._told("read", name):
            return bytes(self._container.download_blob(name, max_concurrency=CONNECTIONS).readall())

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        with tempfile.TemporaryFile() as file:
            with self._told("read", name):
                self._container.download_blob(name, max_concurrency=CONNECTIONS).readinto(cast("Any", file))
            file.seek(0)
            yield cast("BinaryIO", file)

    def write(self, name: str, content: bytes) -> BlobInfo:
        with self._told("write", name):
            made = self._container.get_blob_client(name).upload_blob(content, overwrite=True)
            return _info(name, made, len(content))

    def put_if_absent(self, name: str, content: bytes) -> bool:
        from azure.core.exceptions import ResourceExistsError

        with self._told("write", name):
            try:
                self._container.upload_blob(name, content, overwrite=False)
            except ResourceExistsError:
                return False
        return True

    def upload(self, name: str, path: Path) -> BlobInfo:
        size = path.stat().st_size
        with self._told("write", name), path.open("rb") as stream:
            client = self._container.get_blob_client(name)
            made = client.upload_blob(stream, length=size, overwrite=True, max_concurrency=CONNECTIONS)
            return _info(name, made, size)

    def download(self, prefix: str, folder: Path) -> Sequence[Path]:
        if not prefix.endswith("/"):
            raise ValueError(f"A prefix to download ends in '/': {prefix!r}")
        blobs = [*self.list(prefix)]
        ranges = max(1, CONNECTIONS // max(len(blobs), 1))  # many blobs: side by side; few: each by its ranges
        with ThreadPoolExecutor(BLOBS) as pool:
            return [*pool.map(lambda blob: self._download(blob.name, prefix, folder, ranges), blobs)]

    def delete(self, name: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        with self._told("delete", name):
            try:
                self._container.delete_blob(name)
            except ResourceNotFoundError:
                return

    def _download(self, name: str, prefix: str, folder: Path, ranges: int) -> Path:
        target = folder / require_blob_name(name).removeprefix(prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.parent / f".{uuid4().hex}.part"
        try:
            with self._told("read", name), part.open("wb") as file:
                self._container.download_blob(name, max_concurrency=ranges).readinto(file)
            return part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _told(self, operation: str, name: str) -> Iterator[None]:
        require_blob_name(name)
        with told(f"{operation} {self._place}/{name}"):
            yield


def _info(name: str, made: Any, size: int) -> BlobInfo:
    return BlobInfo(name, size, made["last_modified"], made["etag"])
