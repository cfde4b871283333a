"""Bytes or a file into a blob, in blocks sent in parallel where it is large; readers see it whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobBlock, BlobClient

from platforms.azure.blob_account import AT_ONCE
from platforms.azure.blob_errors import error_code
from platforms.ports import BlobInfo, Refused

BLOCK = 8 * 1024 * 1024  # bytes of a file in memory, for each request under way
_AT_ONCE_IN_MEMORY = 64 * 1024 * 1024  # bytes that are in memory anyway and go as one request
_MOST_BLOCKS = 50_000  # the service's limit
_TRIES = 5  # enough where up to four others upload to the same name meanwhile


@dataclass(frozen=True)
class Source:
    """Where the bytes come from: any part of them, as often as it is asked for."""

    size: int
    part: Callable[[int, int], bytes]  # start, length
    in_one: int  # bytes up to which it goes as one request

    @classmethod
    def of_bytes(cls, content: bytes) -> Source:
        return cls(len(content), lambda start, length: content[start : start + length], _AT_ONCE_IN_MEMORY)

    @classmethod
    def of_file(cls, path: Path, descriptor: int) -> Source:
        def part(start: int, length: int) -> bytes:
            found = os.pread(descriptor, length, start)
            if len(found) < length:
                raise Refused(f"{path} became shorter while it was uploaded.")
            return found

        return cls(os.fstat(descriptor).st_size, part, BLOCK)


@dataclass(frozen=True)
class _Upload:
    client: BlobClient
    source: Source
    only_if_absent: bool
    metadata: dict[str, str] | None
    block: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "block", max(BLOCK, -(-self.source.size // _MOST_BLOCKS)))

    def whole(self) -> dict[str, Any]:
        content = self.source.part(0, self.source.size)
        return self.client.upload_blob(content, overwrite=not self.only_if_absent, metadata=self.metadata)

    def in_blocks(self) -> dict[str, Any]:
        """The blocks bear ids of this upload alone: the SDK's own ids would let two uploads mix their blocks."""
        mine = uuid4().hex
        starts = range(0, self.source.size, self.block)
        with ThreadPoolExecutor(AT_ONCE, "blob-upload") as pool:
            ids = list(pool.map(lambda start: self._stage(f"{mine}-{start:016d}", start), starts))
        condition: dict[str, Any] = {"match_condition": MatchConditions.IfMissing} if self.only_if_absent else {}
        return self.client.commit_block_list([BlobBlock(one) for one in ids], metadata=self.metadata, **condition)

    def _stage(self, block_id: str, start: int) -> str:
        content = self.source.part(start, min(self.block, self.source.size - start))
        self.client.stage_block(block_id, content)
        return block_id


def put(
    client: BlobClient, source: Source, only_if_absent: bool = False, metadata: dict[str, str] | None = None
) -> BlobInfo:
    """Write the blob at once: as one request or by a list of blocks. The SDK's errors pass through."""
    upload = _Upload(client, source, only_if_absent, metadata)
    done = upload.whole() if source.size <= source.in_one else _unswept(upload)
    return BlobInfo(str(client.blob_name), source.size, done["last_modified"], done["etag"].strip('"'))


def _unswept(upload: _Upload) -> dict[str, Any]:
    """In blocks, again where another upload was committed meanwhile: that sweeps away all blocks but its own."""
    for _ in range(_TRIES - 1):
        try:
            return upload.in_blocks()
        except HttpResponseError as error:
            if error_code(error) != "InvalidBlockList":
                raise
    return upload.in_blocks()
