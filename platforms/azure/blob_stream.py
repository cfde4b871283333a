"""A blob as a stream: ranges as they are read, all of the blob that was opened."""

from __future__ import annotations

import io
import os
from typing import Any

from azure.storage.blob import ContainerClient

from platforms.azure.blob_account import AT_ONCE, RANGE
from platforms.azure.blob_download import unchanged
from platforms.azure.blob_errors import told
from platforms.ports import BlobInfo


class BlobStream(io.RawIOBase):
    """Reads and seeks. Unavailable, rather than bytes of two contents, where the blob is replaced meanwhile."""

    def __init__(self, container: ContainerClient, blob: BlobInfo) -> None:
        self._container = container
        self._blob = blob
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._blob.size}[whence]
        if start + offset < 0:
            raise ValueError(f"There is no place {start + offset} in a blob.")
        self._place = start + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        content = self._read(min(len(buffer), RANGE))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        return self._read(self._blob.size)

    def _read(self, most: int) -> bytes:
        length = min(most, self._blob.size - self._place)
        if length <= 0:
            return b""
        with told("read", self._container.container_name, self._blob.name):
            client = self._container.get_blob_client(self._blob.name)
            condition = unchanged(self._blob)
            content: bytes = client.download_blob(self._place, length, max_concurrency=AT_ONCE, **condition).readall()
        self._place += len(content)
        return content
