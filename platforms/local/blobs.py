"""A blob store in a directory."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from platforms.blob_names import require_blob_name, require_blob_prefix
from platforms.ports import BlobInfo, NotFound, Refused

_BEING_WRITTEN = re.compile(r"\..*\.part")  # names of files that are no blobs yet, ours and score.py's


class LocalBlobStore:
    """Implements `BlobStore`: each blob is a file; a write is a rename, so no reader sees half of it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def list(self, prefix: str, since: datetime | None = None) -> Iterator[BlobInfo]:
        require_blob_prefix(prefix)
        folder = self.root / prefix.rpartition("/")[0]
        found = (_told(name, entry) for name, entry in _files(folder, prefix.rpartition("/")[0], prefix))
        blobs = [blob for blob in found if blob is not None and (since is None or blob.modified >= since)]
        return iter(sorted(blobs, key=lambda blob: blob.name))

    def read(self, name: str) -> bytes:
        with self.open(name) as stream:
            return stream.read()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        try:
            stream = self._path(name).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"There is no blob {name}.") from None
        with stream:
            yield stream

    def write(self, name: str, content: bytes) -> BlobInfo:
        path = self._path(name)
        with self._beside(path) as temporary:
            temporary.write_bytes(content)
            self._move(temporary, path)
        return _info(name, path.stat())

    def put_if_absent(self, name: str, content: bytes) -> bool:
        path = self._path(name)
        with self._beside(path) as temporary:
            temporary.write_bytes(content)
            try:
                os.link(temporary, path)  # unlike a rename, fails where something is
            except FileExistsError:
                return False
        return True

    def upload(self, name: str, path: Path) -> BlobInfo:
        target = self._path(name)
        with self._beside(target) as temporary:
            shutil.copyfile(path, temporary)
            self._move(temporary, target)
        return _info(name, target.stat())

    def download(self, prefix: str, folder: Path) -> Sequence[Path]:
        if not prefix.endswith("/"):
            raise ValueError(f"A prefix to download ends in '/': {prefix!r}")
        files = []
        for blob in self.list(prefix):
            file = folder / blob.name.removeprefix(prefix)
            file.parent.mkdir(parents=True, exist_ok=True)
            with self.open(blob.name) as source, file.open("wb") as target:
                shutil.copyfileobj(source, target)
            files.append(file)
        return files

    def delete(self, name: str) -> None:
        path = self._path(name)
        if not path.is_dir():
            with suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()

    def _path(self, name: str) -> Path:
        require_blob_name(name)
        return self.root / name

    @contextmanager
    def _beside(self, path: Path) -> Iterator[Path]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise Refused(f"Blob {path.relative_to(self.root)} would lie below another blob.") from None
        temporary = path.parent / f".{uuid4().hex}.part"
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    def _move(self, temporary: Path, path: Path) -> None:
        try:
            temporary.replace(path)
        except IsADirectoryError:
            raise Refused(f"Blobs lie below {path.relative_to(self.root)}: it cannot be one itself.") from None


def _files(folder: Path | str, name: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The files whose blob's name begins so; `name` is the folder's own, in the prefix."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):  # or deleted while we listed: then it is not there
        return
    for entry in entries:
        below = f"{name}/{entry.name}" if name else entry.name
        if entry.is_dir(follow_symlinks=False):
            if f"{below}/".startswith(prefix):
                yield from _files(entry.path, below, prefix)
        elif below.startswith(prefix) and not _BEING_WRITTEN.fullmatch(entry.name):
            yield below, entry


def _told(name: str, entry: os.DirEntry[str]) -> BlobInfo | None:
    try:
        return _info(name, entry.stat()) if entry.is_file() else None
    except FileNotFoundError:  # deleted while we listed
        return None


def _info(name: str, stat: os.stat_result) -> BlobInfo:
    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
    return BlobInfo(name, stat.st_size, modified, f"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}")
