"""Named bytes: raw data, dataset versions, reports, what jobs and batches write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class BlobInfo:
    name: str
    size: int  # bytes
    modified: datetime  # UTC
    etag: str  # changes whenever the content does


class BlobStore(Protocol):
    """Named bytes. Names are relative, '/'-separated and untrusted: `..`, a leading '/' and NUL are refused.

    `platforms.blob_names` is the rule. A write is atomic: readers see the whole old or the whole new content, or
    Unavailable where it was replaced too often. Everything blocks and is idempotent.
    """

    def list(self, prefix: str, since: datetime | None = None) -> Iterator[BlobInfo]:
        """All blobs under the prefix in the order of their names; with `since`, those modified at or after it.

        A store that keeps whole seconds compares those: rather a blob too many than one missed.
        """

    def read(self, name: str) -> bytes:
        """The whole content. NotFound where there is none."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A seekable stream for content that may be larger than memory. NotFound where there is none.

        Unavailable where the blob is replaced while it is read and the old content is gone.
        """

    def write(self, name: str, content: bytes) -> BlobInfo:
        """Write or replace."""

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Write only where nothing is yet; False (and nothing changed) where something is."""

    def upload(self, name: str, path: Path) -> BlobInfo:
        """Write or replace from a file, streaming."""

    def download(self, prefix: str, folder: Path) -> Sequence[Path]:
        """Every blob under the prefix (which ends in '/') as a file below the folder."""

    def delete(self, name: str) -> None:
        """Gone afterwards, whether it was there or not."""
