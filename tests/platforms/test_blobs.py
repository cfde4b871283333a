"""The blob store's contract, on every adapter there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from platforms.local.blobs import LocalBlobStore
from platforms.ports import BlobStore, NotFound, Refused


@pytest.fixture(params=["local", "azure"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An empty store of each kind."""
    if request.param == "local":
        return LocalBlobStore(tmp_path / "store")
    store: BlobStore = request.getfixturevalue("azure_blobs")
    return store


def test_what_is_written_is_read(blobs: BlobStore) -> None:
    blobs.write("a/b.txt", b"one")
    blobs.write("a/b.txt", b"two")
    assert blobs.read("a/b.txt") == b"two"


def test_a_list_is_ordered_and_knows_prefixes(blobs: BlobStore) -> None:
    for name in ("a/2", "a/1", "ab/1", "b"):
        blobs.write(name, b"x")
    assert [blob.name for blob in blobs.list("a/")] == ["a/1", "a/2"]
    assert [blob.name for blob in blobs.list("a")] == ["a/1", "a/2", "ab/1"]
    assert [blob.name for blob in blobs.list("")] == ["a/1", "a/2", "ab/1", "b"]
    assert list(blobs.list("absent/")) == []


def test_a_list_knows_since_when(blobs: BlobStore) -> None:
    blobs.write("a", b"x")
    now = datetime.now(UTC)
    assert [blob.name for blob in blobs.list("", since=now - timedelta(minutes=1))] == ["a"]
    assert list(blobs.list("", since=now + timedelta(minutes=1))) == []


def test_absent_blobs_are_not_found_and_deleted_harmlessly(blobs: BlobStore) -> None:
    with pytest.raises(NotFound, match="absent"):
        blobs.read("absent")
    blobs.delete("absent")


def test_put_if_absent_has_one_winner(blobs: BlobStore) -> None:
    won: list[int] = []

    def put(number: int) -> None:
        if blobs.put_if_absent("a/one", str(number).encode()):
            won.append(number)

    threads = [Thread(target=put, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert blobs.read("a/one") == str(won[0]).encode()
    assert [blob.name for blob in blobs.list("")] == ["a/one"]


def test_the_etag_changes_with_the_content(blobs: BlobStore) -> None:
    assert blobs.write("a", b"one").etag != blobs.write("a", b"two").etag


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/passwd", "a//b", "a/./b", "a\0b", "a\\b"])
def test_names_that_lead_out_are_refused(blobs: BlobStore, name: str) -> None:
    with pytest.raises(Refused, match="no blob name"):
        blobs.write(name, b"x")


def test_folders_come_and_go_as_files(blobs: BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_bytes(b"content")
    blobs.upload("a/b/c", source)
    files = blobs.download("a/", tmp_path / "down")
    assert [file.relative_to(tmp_path / "down").as_posix() for file in files] == ["b/c"]
    assert files[0].read_bytes() == b"content"
