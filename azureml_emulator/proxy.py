"""The CONNECT proxy that stands where the internet was: it ends TLS for Azure's names and refuses every other."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from azureml_emulator.certificates import Certificates

_HEAD_LIMIT_SECONDS = 30.0
_CHUNK = 1 << 18
_OURS = ("management.azure.com", "login.microsoftonline.com")
_OUR_ZONES = (".api.azureml.ms", ".inference.ml.azure.com")
_BLOB_ZONE = ".blob.core.windows.net"


@dataclass(frozen=True)
class Upstream:
    """Where the decrypted bytes of a host go."""

    host: str
    port: int
    tls: bool = False


@dataclass(frozen=True)
class Proxy:
    """Accepts `CONNECT HOST:443`, answers with a certificate for HOST, and passes the bytes on unread."""

    certificates: Certificates
    app: Upstream
    blobs: Upstream
    log_refused: Callable[[str], None]
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, to its end."""
        # Once TLS has begun, nothing else refers to the task, and it could be collected as garbage.
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            host = await self._read_connect(reader, writer)
            if host is not None:
                await self._tunnel(host, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client, or what it spoke to, has gone: nobody is left to tell
        finally:
            writer.transport.abort()

    def upstream(self, host: str) -> Upstream | None:
        """Who answers for a host, if anyone does."""
        if host.endswith(_BLOB_ZONE):
            return self.blobs
        return self.app if host in _OURS or host.endswith(_OUR_ZONES) else None

    async def _read_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_LIMIT_SECONDS)
        method, _, target = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        target = target.partition(" ")[0]
        host, _, port = target.lower().rpartition(":")
        if method == "CONNECT" and port == "443" and self.upstream(host) is not None:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            return host
        self.log_refused(f"refused host: {method} {target}")
        writer.write(b"HTTP/1.1 403 Not an emulated host\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        return None

    async def _tunnel(self, host: str, writer: asyncio.StreamWriter) -> None:
        client_reader, client_writer = await _start_tls(writer, self.certificates.context(host))
        upstream = self.upstream(host)
        if upstream is None:
            return
        context = _trusting_loopback() if upstream.tls else None
        reader, upstream_writer = await asyncio.open_connection(upstream.host, upstream.port, ssl=context)
        ways = [
            asyncio.create_task(_pass_on(client_reader, upstream_writer)),
            asyncio.create_task(_pass_on(reader, client_writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for side in (client_writer, upstream_writer):
                side.close()
            await asyncio.gather(*ways, return_exceptions=True)
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(client_writer.wait_closed(), 5.0)


async def _start_tls(
    writer: asyncio.StreamWriter, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Server-side TLS over an accepted connection, with streams of its own."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_CHUNK)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await loop.start_tls(writer.transport, protocol, context, server_side=True)
    if transport is None:
        raise ConnectionResetError("the client left during the handshake")
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


def _trusting_loopback() -> ssl.SSLContext:
    """For an Azurite beside us, whose certificate is its own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
