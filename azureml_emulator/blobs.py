"""A small Blob service for where no Azurite is given: containers and block blobs, no leases, no snapshots."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from email.utils import format_datetime
from html import escape
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from azureml_emulator.access import Access
from azureml_emulator.account_keys import is_signed, opens_blob
from azureml_emulator.accounts import Account, Accounts, Container
from azureml_emulator.blob_index import Blob, BlobIndex
from azureml_emulator.errors import ServiceError
from azureml_emulator.sas import is_valid
from azureml_emulator.tokens import Tokens

_PAGE = 5000
_CHUNK = 1 << 20
_BLOCK_ID = re.compile(r"<(?:Latest|Committed|Uncommitted)>([^<]+)</")


class Blobs:
    """Answers at the blob host, to the tokens and signatures that the emulator itself hands out."""

    def __init__(self, accounts: Accounts, tokens: Tokens, access: Access, index: BlobIndex) -> None:
        self._accounts = accounts
        self._access = access
        self._tokens = tokens
        self._index = index

    async def answer(self, request: Request) -> Response:
        """One request, of whatever operation."""
        try:
            container, _, name = unquote(request.url.path).lstrip("/").partition("/")
            account = self._accounts.at(request.url.hostname or "")
            if account is None:
                raise ServiceError(404, "ResourceNotFound", "There is no such storage account.")
            self._authorize(request, account, container)
            # Containers of the data account stand in the index under their own names, as before there were others.
            container = container if account == self._accounts.data else f"{account.name}/{container}"
            response = await self._blob(request, container, name) if name else self._container(request, container)
        except ServiceError as error:
            response = _refusal(error)
        response.headers["x-ms-version"] = request.headers.get("x-ms-version", "2021-06-08")
        return response

    def _authorize(self, request: Request, account: Account, container: str) -> None:
        query, writes = dict(request.query_params), request.method not in ("GET", "HEAD")
        if "sig" in query:
            opened = not writes and opens_blob(account, unquote(request.url.path), query)
            if not opened and not is_valid(account, query, container, writes):
                raise ServiceError(403, "AuthenticationFailed", "The shared access signature is not valid.")
        elif request.headers.get("authorization", "").startswith("SharedKey "):
            if not is_signed(account, request):
                raise ServiceError(
                    403, "AuthenticationFailed", "The request's signature is not that of the account's key."
                )
        else:
            client = self._tokens.client_of(request.headers.get("authorization", ""))
            self._access.check_container(client, Container(account.name, container), writes)

    def _container(self, request: Request, container: str) -> Response:
        operation = (request.method, request.query_params.get("comp", ""))
        if operation == ("PUT", ""):
            if not self._index.create_container(container):
                raise ServiceError(409, "ContainerAlreadyExists", "The specified container already exists.")
            return Response(status_code=201)
        self._require(container)
        if operation in (("GET", ""), ("HEAD", "")):
            return Response(status_code=200, headers={"ETag": '"0"', "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT"})
        if operation == ("GET", "list"):
            return self._list(request, container)
        raise ServiceError(501, "NotImplemented", f"{operation} on a container is not emulated.")

    async def _blob(self, request: Request, container: str, name: str) -> Response:
        self._require(container)
        operation = (request.method, request.query_params.get("comp", ""))
        if operation == ("PUT", ""):
            return self._commit(request, container, name, await self._receive(request))
        if operation == ("PUT", "block"):
            block = self._block(container, name, request.query_params["blockid"])
            (await self._receive(request)).replace(block)
            return Response(status_code=201)
        if operation == ("PUT", "blocklist"):
            return self._commit(request, container, name, self._join(container, name, await request.body()))
        blob = self._index.get(container, name)
        if blob is None:
            raise ServiceError(404, "BlobNotFound", "The specified blob does not exist.")
        if operation == ("PUT", "metadata"):
            self._index.set_metadata(container, name, _metadata(request))
            return Response(status_code=200, headers={"ETag": blob.etag, "Last-Modified": _http_time(blob)})
        if operation == ("DELETE", ""):
            self._index.delete(container, name)
            return Response(status_code=202)
        if operation in (("GET", ""), ("HEAD", "")):
            return _content(request, blob)
        raise ServiceError(501, "NotImplemented", f"{operation} on a blob is not emulated.")

    def _require(self, container: str) -> None:
        if not self._index.has_container(container):
            raise ServiceError(404, "ContainerNotFound", "The specified container does not exist.")

    async def _receive(self, request: Request) -> Path:
        file = self._index.new_file()
        with file.open("wb") as sink:
            async for chunk in request.stream():
                sink.write(chunk)
        return file

    def _commit(self, request: Request, container: str, name: str, file: Path) -> Response:
        kind = request.headers.get("x-ms-blob-content-type") or request.headers.get("content-type")
        absent = request.headers.get("if-none-match") == "*"
        content_type = kind or "application/octet-stream"
        blob = self._index.put(container, name, file, content_type, _metadata(request), absent)
        if blob is None:
            raise ServiceError(409, "BlobAlreadyExists", "The specified blob already exists.")
        return Response(status_code=201, headers={"ETag": blob.etag, "Last-Modified": _http_time(blob)})

    def _block(self, container: str, name: str, block: str) -> Path:
        key = hashlib.sha256(f"{container}/{name}/{block}".encode()).hexdigest()
        return self._index.new_file().with_name(f"block-{key}")

    def _join(self, container: str, name: str, block_list: bytes) -> Path:
        blocks = [self._block(container, name, block) for block in _BLOCK_ID.findall(block_list.decode())]
        if any(not block.exists() for block in blocks):
            raise ServiceError(400, "InvalidBlockList", "The specified block list is invalid.")
        whole = self._index.new_file()
        with whole.open("wb") as sink:
            for block in blocks:
                sink.write(block.read_bytes())
        for block in set(blocks):
            block.unlink()
        return whole

    def _list(self, request: Request, container: str) -> Response:
        query = request.query_params
        prefix, marker = query.get("prefix", ""), query.get("marker", "")
        after = base64.urlsafe_b64decode(marker).decode() if marker else ""
        limit = min(int(query.get("maxresults", _PAGE)), _PAGE)
        found = self._index.list(container, prefix, after, limit + 1)
        page, delimiter = found[:limit], query.get("delimiter", "")
        following = base64.urlsafe_b64encode(page[-1].name.encode()).decode() if len(found) > limit else ""
        shown = escape(container.rpartition("/")[2])
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{shown}">'
            f"<Prefix>{escape(prefix)}</Prefix><Blobs>{_entries(page, prefix, delimiter)}</Blobs>"
            f"<NextMarker>{following}</NextMarker></EnumerationResults>"
        )
        return Response(body, media_type="application/xml")


def _entries(blobs: list[Blob], prefix: str, delimiter: str) -> str:
    """Blobs, and with a delimiter the folders that stand for those below them."""
    entries: dict[str, str] = {}
    for blob in blobs:
        folder, divider, _ = blob.name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if divider:
            name = prefix + folder + divider
            entries[name] = f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"
        else:
            entries[blob.name] = _entry(blob)
    return "".join(entries.values())


def _entry(blob: Blob) -> str:
    metadata = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in blob.metadata.items())
    return (
        f"<Blob><Name>{escape(blob.name)}</Name><Properties><Last-Modified>{_http_time(blob)}</Last-Modified>"
        f"<Etag>{escape(blob.etag)}</Etag><Content-Length>{blob.size}</Content-Length>"
        f"<Content-Type>{escape(blob.content_type)}</Content-Type><BlobType>BlockBlob</BlobType></Properties>"
        f"<Metadata>{metadata}</Metadata></Blob>"
    )


def _content(request: Request, blob: Blob) -> Response:
    headers = {"ETag": blob.etag, "Last-Modified": _http_time(blob), "x-ms-blob-type": "BlockBlob"}
    headers |= {"Accept-Ranges": "bytes", "Content-Type": blob.content_type}
    headers |= {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()}
    if request.headers.get("if-match", blob.etag) not in (blob.etag, "*"):
        raise ServiceError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) failed.")
    wanted = request.headers.get("x-ms-range") or request.headers.get("range")
    first, last = _range(wanted, blob.size)
    length = last - first + 1
    headers["Content-Length"] = str(length)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{blob.size}"
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    return StreamingResponse(_read(blob.file, first, length), 206 if wanted else 200, headers)


def _range(wanted: str | None, size: int) -> tuple[int, int]:
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted or "bytes=0-")
    if match is None or (wanted is not None and int(match[1]) >= size):
        raise ServiceError(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
    return int(match[1]), min(int(match[2] or size), size - 1) if size else -1


async def _read(file: Path, first: int, length: int) -> AsyncIterator[bytes]:
    with file.open("rb") as source:
        source.seek(first)
        while length > 0 and (chunk := source.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk


def _metadata(request: Request) -> dict[str, str]:
    prefix = "x-ms-meta-"
    return {name[len(prefix) :]: value for name, value in request.headers.items() if name.startswith(prefix)}


def _http_time(blob: Blob) -> str:
    return format_datetime(blob.modified, usegmt=True)


def _refusal(error: ServiceError) -> Response:
    body = f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
    headers = {"x-ms-error-code": error.code}
    return Response('<?xml version="1.0"?>' + body, error.status, headers, "application/xml")
