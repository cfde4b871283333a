"""The blob store's contract, on every adapter there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from platforms.local.blobs import LocalBlobStore
from platforms.ports import BlobInfo, BlobStore, NotFound, Refused, Unavailable

MB = 1024 * 1024


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


NO_NAMES = ["", "../out", "a/../../out", "/etc/passwd", "a//b", "a/", "a/./b", "a.", "a\0b", "a\nb", "a\\b", "\ud800"]


@pytest.mark.parametrize("name", [*NO_NAMES, "a" * 256, "a/" * 512 + "a"])
def test_names_that_lead_out_are_refused(blobs: BlobStore, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    calls: list[Callable[[], object]] = [
        lambda: blobs.write(name, b"x"),
        lambda: blobs.read(name),
        lambda: blobs.put_if_absent(name, b"x"),
        lambda: blobs.upload(name, tmp_path / "file"),
        lambda: blobs.delete(name),
        lambda: blobs.open(name).__enter__(),
    ]
    for call in calls:
        with pytest.raises(Refused, match="no blob name"):
            call()


@pytest.mark.parametrize("prefix", ["../", "/etc/", "a/../../", "a//", "a\\b/"])
def test_prefixes_that_lead_out_are_refused(blobs: BlobStore, tmp_path: Path, prefix: str) -> None:
    with pytest.raises(Refused, match="no blob name"):
        list(blobs.list(prefix))
    with pytest.raises(Refused, match="no blob name"):
        blobs.download(prefix, tmp_path / "down")


@pytest.mark.parametrize("name", ["a b/ü/%41#?&+'.csv", ".keep", "a/..b", "日本/語", "~x/[y]"])
def test_odd_names_are_names(blobs: BlobStore, tmp_path: Path, name: str) -> None:
    blobs.write(f"in/{name}", b"x")
    assert [blob.name for blob in blobs.list("in/")] == [f"in/{name}"]
    assert blobs.read(f"in/{name}") == b"x"
    assert blobs.download("in/", tmp_path / "down") == [tmp_path / "down" / name]
    blobs.delete(f"in/{name}")
    assert list(blobs.list("in/")) == []


def test_writing_tells_what_a_list_tells(blobs: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    written = [blobs.write("a", b""), blobs.upload("b", tmp_path / "file")]
    assert written == list(blobs.list(""))
    assert [blob.size for blob in written] == [0, 7]


def test_since_the_very_moment_counts(blobs: BlobStore) -> None:
    before = datetime.now(UTC)
    blob = blobs.write("a", b"x")
    assert list(blobs.list("", since=blob.modified)) == [blob]
    assert list(blobs.list("", since=before)) == [blob], "a store that keeps whole seconds misses none"


def test_a_stream_reads_and_seeks(blobs: BlobStore) -> None:
    content = os.urandom(10 * MB + 1)
    blobs.write("a", content)
    with blobs.open("a") as stream:
        assert stream.read(3) == content[:3]
        assert stream.read(9 * MB) == content[3 : 9 * MB + 3]
        assert stream.read() == content[9 * MB + 3 :]
        assert stream.read() == b""
        assert stream.seek(-5, os.SEEK_END) == len(content) - 5
        assert stream.read() == content[-5:]
    with pytest.raises(NotFound, match="absent"), blobs.open("absent"):
        pass


def test_what_is_there_stays_where_absence_is_asked(blobs: BlobStore) -> None:
    assert blobs.put_if_absent("large", bytes(20 * MB))
    for content in (b"small", b"x" * 20 * MB):
        assert not blobs.put_if_absent("large", content)
    assert blobs.read("large") == bytes(20 * MB)


def test_readers_see_the_old_or_the_new(blobs: BlobStore, tmp_path: Path) -> None:
    """Blobs of several ranges, one letter each, replaced by bytes and by files while others read."""
    blobs.write("a", b"0" * 9 * MB)
    files = {letter: tmp_path / letter.decode() for letter in (b"1", b"2", b"3")}
    for letter, file in files.items():
        file.write_bytes(letter * 9 * MB)
    writes: list[Callable[[], BlobInfo]] = [lambda: blobs.write("a", b"4" * 9 * MB)]
    writes += [partial(blobs.upload, "a", file) for file in files.values()]
    with ThreadPoolExecutor() as pool:
        written = [pool.submit(write) for write in writes]
        seen = {blobs.read("a")}
        while not all(one.done() for one in written):
            with suppress(Unavailable):  # replaced each time it was tried
                seen.add(blobs.read("a"))
        assert [one.result().size for one in written] == [9 * MB] * 4
    assert all(content == content[:1] * 9 * MB for content in seen)


def test_folders_arrive_whole_and_again(blobs: BlobStore, tmp_path: Path) -> None:
    contents = {"empty": b"", "b/large": os.urandom(9 * MB), "b/c/small": b"x"}
    for name, content in contents.items():
        blobs.write(f"a/{name}", content)
    for _ in range(2):
        files = blobs.download("a/", tmp_path / "down")
        found = {file.relative_to(tmp_path / "down").as_posix(): file.read_bytes() for file in files}
        assert found == contents
    everything = [path for path in (tmp_path / "down").rglob("*") if path.is_file()]
    assert sorted(everything) == sorted(files), "nothing else is left in the folder"
    assert blobs.download("absent/", tmp_path / "none") == []
    with pytest.raises(ValueError, match="ends in '/'"):
        blobs.download("a", tmp_path / "down")


def test_folders_come_and_go_as_files(blobs: BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_bytes(b"content")
    blobs.upload("a/b/c", source)
    files = blobs.download("a/", tmp_path / "down")
    assert [file.relative_to(tmp_path / "down").as_posix() for file in files] == ["b/c"]
    assert files[0].read_bytes() == b"content"


def test_a_directory_refuses_blobs_below_a_blob(tmp_path: Path) -> None:
    blobs = LocalBlobStore(tmp_path / "store")
    blobs.write("a/b", b"x")
    with pytest.raises(Refused, match="a/b/c would lie below"):
        blobs.write("a/b/c", b"x")
    with pytest.raises(Refused, match="lie below a:"):
        blobs.write("a", b"x")
    with pytest.raises(NotFound):
        blobs.read("a/b/c")
    blobs.delete("a")
    assert [blob.name for blob in blobs.list("")] == ["a/b"]
