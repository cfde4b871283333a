"""Downloads from Azurite into files: ours, azure-storage-blob's own `max_concurrency=8` and, where installed, adlfs.

Every way fetches the same blobs in the same run, in turns, so that noise falls on all of them. Azurite computes an MD5
of each range of up to 4 MB, which is the SDK's own size; so the SDK runs with ranges of our size too.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, percentile
from benchmarks.service import ROOT

MB = 1024 * 1024
ROUNDS = 3
GOAL = 0.9
SHAPES = {"64 blobs of 16 MB": (64, 16 * MB), "one blob of 1 GB": (1, 1024 * MB)}
CONTAINER = "benchmark"


def measure() -> Iterator[Figure]:
    """The median over the rounds of the fastest other's seconds over ours: above 1, ours is faster."""
    from deployments.azurite.install import NoNode, require_node
    from deployments.azurite.server import running_azurite

    try:
        require_node()
    except NoNode as reason:
        yield Figure("download from Azurite", f"not measured: {reason}", f"{GOAL} of the best", False)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        running_azurite(ROOT / ".perennial" / "azurite", Path(folder) / "azurite") as azurite,
    ):
        for number, (what, (count, size)) in enumerate(SHAPES.items()):
            yield _compare(what, f"shape{number}/", count, size, azurite.connection_string, Path(folder))


def _compare(what: str, prefix: str, count: int, size: int, connection: str, folder: Path) -> Figure:
    from azure.storage.blob import ContainerClient

    client = ContainerClient.from_connection_string(connection, CONTAINER)
    if not client.exists():
        client.create_container()
    _fill(client, prefix, count, size, folder)
    ways = _ways(connection, prefix, count)
    rounds = [{name: _seconds(way, folder / "down", count * size) for name, way in ways.items()} for _ in range(ROUNDS)]
    medians = {name: percentile([one[name] for one in rounds], 0.5) for name in ways}
    ratio = percentile([min(one[name] for name in ways if name != "ours") / one["ours"] for one in rounds], 0.5)
    seconds = ", ".join(f"{name} {median:.1f} s" for name, median in medians.items())
    return Figure(f"download from Azurite, {what}", f"{ratio:.2f} ({seconds})", f"{GOAL} of the best", ratio >= GOAL)


def _fill(client: Any, prefix: str, count: int, size: int, folder: Path) -> None:
    """Bytes that no one can compress; the same for each blob."""
    source = folder / "source"
    with source.open("wb") as file:
        for _ in range(size // (16 * MB)):
            file.write(os.urandom(16 * MB))
    for number in range(count):
        with source.open("rb") as file:
            client.upload_blob(f"{prefix}{number:02d}", file, overwrite=True, max_concurrency=8)


def _ways(connection: str, prefix: str, count: int) -> dict[str, Callable[[Path], Any]]:
    """Each downloads what lies under the prefix into a folder; clients are made before the clock starts."""
    from azure.storage.blob import ContainerClient
    from pydantic import SecretStr

    from platforms.azure.blob_account import RANGE
    from platforms.azure.blobs import AzureBlobStore

    ours = AzureBlobStore.connect(SecretStr(connection), CONTAINER)
    client = ContainerClient.from_connection_string(connection, CONTAINER)
    sizes: dict[str, Any] = {"max_single_get_size": RANGE, "max_chunk_get_size": RANGE}
    tuned = ContainerClient.from_connection_string(connection, CONTAINER, **sizes)
    ways: dict[str, Callable[[Path], Any]] = {
        "ours": lambda folder: ours.download(prefix, folder),
        "SDK": lambda folder: _by_sdk(client, prefix, folder, 1),
        "SDK with our ranges": lambda folder: _by_sdk(tuned, prefix, folder, 1),
    }
    if count > 1:
        ways["the same in 8 threads"] = lambda folder: _by_sdk(tuned, prefix, folder, 8)
    if importlib.util.find_spec("adlfs"):
        ways["adlfs"] = _adlfs(connection, prefix)
    return ways


def _by_sdk(client: Any, prefix: str, folder: Path, threads: int) -> None:
    def one(blob: Any) -> None:
        with (folder / blob.name.rpartition("/")[2]).open("wb") as file:
            client.download_blob(blob.name, max_concurrency=8).readinto(file)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, client.list_blobs(prefix)))


def _adlfs(connection: str, prefix: str) -> Callable[[Path], Any]:
    from adlfs import AzureBlobFileSystem

    system = AzureBlobFileSystem(connection_string=connection, max_concurrency=8)
    return lambda folder: system.get(f"{CONTAINER}/{prefix}", f"{folder}/", recursive=True)


def _seconds(way: Callable[[Path], Any], folder: Path, size: int) -> float:
    folder.mkdir()
    started = time.perf_counter()
    way(folder)
    took = time.perf_counter() - started
    arrived = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert arrived == size, f"{arrived} bytes arrived, not {size}"
    shutil.rmtree(folder)
    return took
