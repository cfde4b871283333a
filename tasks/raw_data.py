"""The raw blobs of a workload: which are read, and their rows, batch by batch, whatever their format."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, cast

from platforms.ports import BlobInfo, BlobStore, NotFound, PlatformError
from tasks.context import Context
from tasks.raw_formats.batch import Batch, Unreadable
from tasks.raw_formats.naming import ENDINGS, format_of, is_compressed, is_marker, reader_of
from tasks.step import step

_BUFFER = 4 << 20  # bytes asked of the store at a time


@dataclass(frozen=True)
class RawFile:
    """One raw blob, found and not read yet."""

    blob: BlobInfo
    format_name: str | None  # none: it is passed over

    @property
    def name(self) -> str:
        return self.blob.name


@step(name="find raw data")
def find_raw(context: Context) -> list[RawFile]:
    """Every raw blob of the workload but markers such as _SUCCESS. LookupError where there is none."""
    prefix = context.workload.data.raw
    found = [
        RawFile(blob, format_of(blob.name))
        for blob in context.platform.blobs.list(prefix)
        if not is_marker(blob.name.removeprefix(prefix), blob.size)
    ]
    if not found:
        raise LookupError(f"There is no raw data: no blob lies under {prefix}. Upload files there: {ENDINGS}.")
    return found


def read_batches(blobs: BlobStore, file: RawFile) -> Iterator[Batch]:
    """The rows of a file that has a format. Unreadable, after the rows before it, where it is broken or gone.

    Other PlatformErrors pass: they tell of the store, not of the file.
    """
    assert file.format_name is not None  # noqa: S101 - callers pass such files over
    try:
        with blobs.open(file.name) as stream:
            yield from _batches(stream, file.format_name)
    except NotFound:
        raise Unreadable("it vanished while it was being read") from None
    except EOFError:
        raise Unreadable("it ends too early: the compressed data is cut") from None
    except (PlatformError, Unreadable):
        raise
    except (gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"its compressed data is broken: {error}") from None
    except Exception as error:  # the parsers raise many kinds; a broken file must not hurt the others
        raise Unreadable(f"it cannot be read: {type(error).__name__}: {str(error)[:200]}") from None


def _batches(stream: BinaryIO, format_name: str) -> Iterator[Batch]:
    buffered = io.BufferedReader(cast(io.RawIOBase, stream), _BUFFER)
    beginning = buffered.peek(4)[:4]
    if not beginning.strip():
        raise Unreadable("it is empty")
    read = reader_of(format_name)
    if not is_compressed(beginning, format_name):
        yield from read(cast(BinaryIO, buffered))
        return
    with closing(gzip.GzipFile(fileobj=buffered)) as plain:
        # Not buffered beyond what it does itself: where it was cut, the last buffer would be lost.
        yield from read(cast(BinaryIO, plain))
