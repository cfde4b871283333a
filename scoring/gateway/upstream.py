"""Connections to the slots' servers: kept open, one request at a time on each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httptools


class UpstreamLost(ConnectionError):
    """The connection ended before the answer was whole."""


@dataclass
class Answer:
    """What a slot answered."""

    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()  # more that the caller is told


class Upstream(asyncio.Protocol):
    """One connection to a slot's server."""

    def __init__(self) -> None:
        self._parser: Any = None
        self._transport: Any = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._body: list[bytes] = []
        self._type = b"application/json"
        self.reusable = True

    async def request(self, head_and_body: bytes) -> Answer:
        """Send a request and wait for its answer. UpstreamLost where the connection ends before."""
        if self._transport is None or self._transport.is_closing():
            raise UpstreamLost("closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._body = []
        self._transport.write(head_and_body)
        return await self._waiting

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    @property
    def usable(self) -> bool:
        """Whether another request can be sent on it."""
        return self.reusable and self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: Any) -> None:  # an asyncio transport, or uvloop's own kind
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(UpstreamLost(str(exc or "closed by the slot")))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.reusable = False
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_exception(UpstreamLost(f"no HTTP: {error}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self._type = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.reusable = self._parser.should_keep_alive()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(self._parser.get_status_code(), self._type, b"".join(self._body)))


class Pool:
    """Open connections by port."""

    def __init__(self) -> None:
        self._idle: dict[int, list[Upstream]] = {}

    async def request(self, port: int, head_and_body: bytes) -> Answer:
        """One request to the server on that port. ConnectionError or OSError where it cannot be had."""
        connection = await self._take(port)
        try:
            answer = await connection.request(head_and_body)
        except BaseException:
            connection.close()
            raise
        if connection.usable:
            self._idle.setdefault(port, []).append(connection)
        else:
            connection.close()
        return answer

    async def _take(self, port: int) -> Upstream:
        idle = self._idle.get(port, [])
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        _, fresh = await asyncio.get_running_loop().create_connection(Upstream, "127.0.0.1", port)
        return fresh
