"""A blob store in a container of Azure Blob Storage."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from azure.core.exceptions import AzureError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobProperties, ContainerClient
from pydantic import SecretStr

from platforms.azure.blob_account import AT_ONCE, RANGE, container_client
from platforms.azure.blob_download import TRIES, blob_now, download_blobs
from platforms.azure.blob_errors import error_code, platform_error, told
from platforms.azure.blob_stream import BlobStream
from platforms.azure.blob_upload import Source, put
from platforms.blob_names import is_blob_name, require_blob_name, require_blob_prefix
from platforms.ports import BlobInfo, Refused

_log = logging.getLogger(__name__)
_WRITER = "writer"  # metadata by which `put_if_absent` knows its own blob again


class AzureBlobStore:
    """Implements `BlobStore`. The container must be there: infrastructure makes it, not we.

    May be used from several threads at once.
    """

    def __init__(self, container: ContainerClient) -> None:
        self._container = container
        self._name = container.container_name

    @classmethod
    def connect(cls, address: SecretStr, container: str, **options: Any) -> AzureBlobStore:
        """By connection string, SAS URL or account URL: see `container_client`."""
        return cls(container_client(address, container, **options))

    def list(self, prefix: str, since: datetime | None = None) -> Iterator[BlobInfo]:
        require_blob_prefix(prefix)
        return iter([blob for blob in self._list(prefix, since) if self._can_be_named(blob.name)])

    def read(self, name: str) -> bytes:
        client = self._client(name)
        with told("read", self._name, name):
            for _ in range(TRIES - 1):
                try:
                    return client.download_blob(max_concurrency=AT_ONCE).readall()
                except ResourceModifiedError:  # replaced while it was read: read the new one
                    continue
            return client.download_blob(max_concurrency=AT_ONCE).readall()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        require_blob_name(name)
        stream = BlobStream(self._container, blob_now(self._container, name))
        with io.BufferedReader(stream, RANGE) as buffered:
            yield cast(BinaryIO, buffered)

    def write(self, name: str, content: bytes) -> BlobInfo:
        client = self._client(name)
        with told("write", self._name, name):
            return put(client, Source.of_bytes(content))

    def put_if_absent(self, name: str, content: bytes) -> bool:
        client = self._client(name)
        mine = uuid4().hex
        try:
            put(client, Source.of_bytes(content), only_if_absent=True, metadata={_WRITER: mine})
        except AzureError as error:
            if error_code(error) not in ("BlobAlreadyExists", "ConditionNotMet"):
                raise platform_error(error, "write", self._name, name) from None
            return self._was_written_by(mine, client)
        return True

    def upload(self, name: str, path: Path) -> BlobInfo:
        client = self._client(name)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            with told("upload", self._name, name):
                return put(client, Source.of_file(path, descriptor))
        finally:
            os.close(descriptor)

    def download(self, prefix: str, folder: Path) -> Sequence[Path]:
        if not prefix.endswith("/"):
            raise ValueError(f"A prefix to download ends in '/': {prefix!r}")
        require_blob_prefix(prefix)
        blobs = self._list(prefix)
        for blob in blobs:
            require_blob_name(blob.name)  # others may have named it: it must not lead out of the folder
        files = [folder / blob.name.removeprefix(prefix) for blob in blobs]
        try:
            download_blobs(self._container, blobs, files, folder)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise Refused(f"The blobs under {prefix} cannot all be files: one lies below another ({error}).") from None
        return files

    def delete(self, name: str) -> None:
        client = self._client(name)
        try:
            client.delete_blob(delete_snapshots="include")
        except AzureError as error:
            if error_code(error) != "BlobNotFound":
                raise platform_error(error, "deletion", self._name, name) from None

    def _client(self, name: str) -> BlobClient:
        require_blob_name(name)
        return self._container.get_blob_client(name)

    def _list(self, prefix: str, since: datetime | None = None) -> Sequence[BlobInfo]:
        """In the order of names, which the service itself does not keep where an account has real folders.

        The service knows times to the second: rather a blob too many than one missed.
        """
        since = since and since.replace(microsecond=0)
        with told("listing", self._name, prefix):
            found = [
                _info(blob)
                for blob in self._container.list_blobs(prefix or None, include=["metadata"])
                if not _is_folder(blob) and (since is None or blob.last_modified >= since)
            ]
        return sorted(found, key=lambda blob: blob.name)

    def _can_be_named(self, name: str) -> bool:
        if is_blob_name(name):
            return True
        _log.warning("Blob %r in container %s is left out: we could not name it.", name, self._name)
        return False

    def _was_written_by(self, mine: str, client: BlobClient) -> bool:
        """Whether what is there came from this very call, whose answer got lost before a retry."""
        with told("look-up", self._name, str(client.blob_name)):
            try:
                return client.get_blob_properties().metadata.get(_WRITER) == mine
            except ResourceNotFoundError:  # deleted since
                return False


def _info(blob: BlobProperties) -> BlobInfo:
    return BlobInfo(blob.name, blob.size, blob.last_modified, blob.etag.strip('"'))


def _is_folder(blob: BlobProperties) -> bool:
    """Accounts with real folders list them as blobs."""
    return (blob.metadata or {}).get("hdi_isfolder") == "true"
