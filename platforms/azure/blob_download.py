"""Blobs into files: ranges of all of them in parallel, each blob as it was at one moment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError
from azure.storage.blob import ContainerClient

from platforms.azure.blob_account import AT_ONCE, RANGE
from platforms.azure.blob_errors import told
from platforms.ports import BlobInfo, Unavailable

TRIES = 3  # of a blob that is replaced while it is read


@dataclass
class _Arriving:
    """One blob on its way into a file that nobody looks at yet."""

    blob: BlobInfo
    file: Path
    changed: bool = False


@dataclass(frozen=True)
class _Range:
    of: _Arriving
    start: int

    @property
    def length(self) -> int:
        return min(RANGE, self.of.blob.size - self.start)


class _At:
    """Writes to one place of a file, as the SDK wants to be written to."""

    def __init__(self, descriptor: int, place: int) -> None:
        self._descriptor = descriptor
        self._place = place

    def write(self, content: bytes) -> int:
        """Write all of it, behind what was written before."""
        view = memoryview(content)
        while view:
            written = os.pwrite(self._descriptor, view, self._place)
            self._place += written
            view = view[written:]
        return len(content)


def download_blobs(container: ContainerClient, blobs: Sequence[BlobInfo], files: Sequence[Path], folder: Path) -> None:
    """Each blob into its file below the folder. No file appears before all of them are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as hidden:
        arriving = [_Arriving(blob, Path(hidden) / str(number)) for number, blob in enumerate(blobs)]
        _fetch_until_whole(container, arriving)
        for one, file in zip(arriving, files, strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            one.file.replace(file)


def _fetch_until_whole(container: ContainerClient, arriving: Sequence[_Arriving]) -> None:
    left = list(arriving)
    for _ in range(TRIES):
        _fetch(container, left)
        left = [one for one in left if one.changed]
        if not left:
            return
        for one in left:
            one.blob, one.changed = blob_now(container, one.blob.name), False
    raise Unavailable(
        f"Blob {left[0].blob.name} in container {container.container_name} was replaced each time while it was read."
    )


def _fetch(container: ContainerClient, arriving: Sequence[_Arriving]) -> None:
    """Every range of every blob. The first error ends it; ranges not yet begun are left."""
    for one in arriving:
        with one.file.open("wb") as file:
            file.truncate(one.blob.size)
    ranges = (_Range(one, start) for one in arriving for start in range(0, one.blob.size, RANGE))
    with ThreadPoolExecutor(AT_ONCE, "blob-download") as pool:
        for _ in pool.map(lambda part: _fetch_range(container, part), ranges):
            pass


def _fetch_range(container: ContainerClient, part: _Range) -> None:
    one = part.of
    if one.changed:
        return
    descriptor = os.open(one.file, os.O_WRONLY)
    client = container.get_blob_client(one.blob.name)
    try:
        with told("download", container.container_name, one.blob.name), _noting_change(one):
            stream = client.download_blob(part.start, part.length, **unchanged(one.blob))
            stream.readinto(_At(descriptor, part.start))  # type: ignore[arg-type]  # only write() is used
    finally:
        os.close(descriptor)


@contextmanager
def _noting_change(one: _Arriving) -> Iterator[None]:
    try:
        yield
    except ResourceModifiedError:
        one.changed = True


def unchanged(blob: BlobInfo) -> dict[str, Any]:
    """The condition that the blob still is what it was: bytes of two contents are never mixed."""
    return {"etag": f'"{blob.etag}"', "match_condition": MatchConditions.IfNotModified}


def blob_now(container: ContainerClient, name: str) -> BlobInfo:
    """Size, time and ETag of the blob at this moment."""
    with told("look-up", container.container_name, name):
        found = container.get_blob_client(name).get_blob_properties()
    return BlobInfo(name, found.size, found.last_modified, found.etag.strip('"'))
