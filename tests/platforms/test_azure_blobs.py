"""What only Azure's blob store has: credentials, ranges, errors of a service far away."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deployments.azurite import ACCOUNT, KEY
from deployments.azurite import connection_string as words_for
from deployments.ports import free_ports
from platforms.azure.blobs import AzureBlobStore, connect
from platforms.ports import NotFound, Refused, Unavailable
from tests.conftest import ROOT

MEGABYTE = 1024 * 1024
UP_AND_DOWN = """
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from platforms.azure.blobs import AzureBlobStore, connect
container, connection_string, source, folder = sys.argv[1:]
blobs = AzureBlobStore(connect(container, connection_string=connection_string))
blobs.write("small", b"x")
before = getrusage(RUSAGE_SELF).ru_maxrss
blobs.upload("d/large", Path(source))
blobs.download("d/", Path(folder))
print((getrusage(RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.fixture(name="container")
def _container(connection_string: str) -> str:
    """An empty container's name."""
    name = f"c{uuid4().hex}"
    connect(name, connection_string=connection_string).create_container()
    return name


def test_a_sas_reaches_what_it_allows(azurite: str, connection_string: str, container: str) -> None:
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    AzureBlobStore(connect(container, connection_string=connection_string)).write("a", b"x")
    until = datetime.now(UTC) + timedelta(minutes=5)
    reading = ContainerSasPermissions(read=True, list=True)
    token = generate_container_sas(ACCOUNT, container, account_key=KEY, permission=reading, expiry=until)
    blobs = AzureBlobStore(connect(container, sas_url=f"{azurite}/{container}?{token}"))
    assert blobs.read("a") == b"x"
    assert [blob.name for blob in blobs.list("")] == ["a"]
    with pytest.raises(Refused, match=f"write {ACCOUNT}/{container}/b: HTTP 403") as error:
        blobs.write("b", b"x")
    assert token.partition("sig=")[2][:10] not in str(error.value)


def test_a_wrong_key_is_refused_and_not_told(azurite: str, container: str) -> None:
    wrong = "d3Jvbmc" + KEY[7:]
    words = words_for(azurite, key=wrong)
    with pytest.raises(Refused, match="HTTP 403") as error:
        AzureBlobStore(connect(container, connection_string=words)).read("a")
    assert wrong not in str(error.value)


def test_a_container_that_is_not_there(connection_string: str) -> None:
    with pytest.raises(NotFound, match=r"list devstoreaccount1/absent/a/.*ContainerNotFound"):
        list(AzureBlobStore(connect("absent", connection_string=connection_string)).list("a/"))


def test_a_server_that_is_gone_is_unavailable() -> None:
    port = free_ports(["blobs"])["blobs"]
    words = words_for(f"http://127.0.0.1:{port}/{ACCOUNT}")
    with pytest.raises(Unavailable, match=f"read {ACCOUNT}/c/a: ServiceRequestError"):
        AzureBlobStore(connect("c", connection_string=words, retries=0)).read("a")


def test_a_blob_that_is_replaced_while_it_is_read_is_not_mixed(
    connection_string: str, container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(container, connection_string=connection_string)
    blobs = AzureBlobStore(client)
    blobs.write("a", b"1" * 40 * MEGABYTE)
    download = client.download_blob

    def replaced_after_the_first_range(*words: Any, **options: Any) -> Any:
        stream = download(*words, **options)
        blobs.write("a", b"2" * 40 * MEGABYTE)
        return stream

    monkeypatch.setattr(client, "download_blob", replaced_after_the_first_range)
    with pytest.raises(Unavailable, match="changed meanwhile"):
        blobs.read("a")


def test_what_is_larger_than_memory_streams(connection_string: str, container: str, tmp_path: Path) -> None:
    """400 MB up and down by a process of its own, which never holds more than a few ranges of it."""
    source = tmp_path / "large"
    with source.open("wb") as file:
        for number in range(400):
            file.write(bytes([number % 251]) * MEGABYTE)
    done = subprocess.run(
        [sys.executable, "-c", UP_AND_DOWN, container, connection_string, source, tmp_path / "down"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 200, f"it grew by {done.stdout} MB"
    with source.open("rb") as one, (tmp_path / "down" / "large").open("rb") as other:
        while chunk := one.read(MEGABYTE):
            assert other.read(MEGABYTE) == chunk


def test_many_blobs_come_down_side_by_side(connection_string: str, container: str, tmp_path: Path) -> None:
    blobs = AzureBlobStore(connect(container, connection_string=connection_string))
    for number in range(50):
        blobs.write(f"d/{number % 3}/{number}", str(number).encode())
    files = blobs.download("d/", tmp_path)
    assert sorted(int(file.read_text()) for file in files) == list(range(50))
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(map(str, range(50)))


def test_one_way_in_is_wanted() -> None:
    with pytest.raises(ValueError, match="one of"):
        connect("c", account_url="https://a.blob.core.windows.net", sas_url="https://a.blob.core.windows.net/c?x")
