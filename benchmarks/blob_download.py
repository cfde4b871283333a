"""Downloads from Azurite: our adapter against azure-storage-blob's own parallel download, in turns, on equal terms."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, percentile
from deployments.azurite import AzuriteMissing, azurite, connection_string

MEGABYTE = 1024 * 1024
SHAPES = {"64 blobs of 16 MB": (64, 16), "one blob of 1 GB": (1, 1024)}
TURNS = 3
GOAL = 0.9


def measure() -> Iterator[Figure]:
    """Their time over ours, for each shape of a gigabyte; nothing where Azurite is not installed."""
    with tempfile.TemporaryDirectory() as name:
        try:
            with azurite(Path(name) / "azurite") as url:
                yield from _shapes(connection_string(url), Path(name))
        except AzuriteMissing as reason:
            print(reason, file=sys.stderr)


def _shapes(words: str, root: Path) -> Iterator[Figure]:
    from azure.storage.blob import ContainerClient

    from platforms.azure.blobs import AzureBlobStore, connect

    for number, (shape, (count, megabytes)) in enumerate(SHAPES.items()):
        container = connect(f"shape-{number}", connection_string=words)
        container.create_container()
        plain = ContainerClient.from_connection_string(words, container.container_name)
        blobs = AzureBlobStore(container)
        for blob in range(count):
            blobs.write(f"d/{blob}", os.urandom(megabytes * MEGABYTE))
        ours, theirs = [], []
        for _ in range(TURNS):
            ours.append(_timed(lambda folder, blobs=blobs: blobs.download("d/", folder), root))
            theirs.append(_timed(lambda folder, plain=plain: _plain(plain, folder), root))
        mine, other = percentile(ours, 0.5), percentile(theirs, 0.5)
        measured = f"{mine:.1f} s; max_concurrency=8: {other:.1f} s; {other / mine:.2f} of its speed"
        yield Figure(f"download of {shape}", measured, f"{GOAL}", other / mine >= GOAL)


def _plain(container: Any, folder: Path) -> None:
    """What the SDK's documentation shows."""
    for blob in container.list_blobs(name_starts_with="d/"):
        target = folder / blob.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            container.download_blob(blob.name, max_concurrency=8).readinto(file)


def _timed(work: Callable[[Path], object], root: Path) -> float:
    with tempfile.TemporaryDirectory(dir=root) as folder:
        started = time.perf_counter()
        work(Path(folder))
        return time.perf_counter() - started
