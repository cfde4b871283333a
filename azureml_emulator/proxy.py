"""The way in: a CONNECT proxy on loopback that ends TLS for Azure's host names and refuses every other."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from fnmatch import fnmatch

from azureml_emulator.certificates import Authority

SERVICE_HOSTS = (
    "management.azure.com",
    "login.microsoftonline.com",
    "*.api.azureml.ms",
    "*.inference.ml.azure.com",
)
BLOB_HOSTS = ("*.blob.core.windows.net",)
log = logging.getLogger(__name__)


class Proxy:
    """Two listeners: one that clients CONNECT to, and behind it one that speaks TLS and passes plain bytes on.

    app, blobs: ports on loopback of what answers for the service, and for Blob Storage (None: nobody does).
    """

    def __init__(self, authority: Authority, app: int, blobs: int | None) -> None:
        self._authority = authority
        self._app = app
        self._blobs = blobs
        self._tls_port = 0

    async def start(self, port: int) -> int:
        """Listen; the port that clients CONNECT to."""
        tls = await asyncio.start_server(self._decrypted, "127.0.0.1", 0, ssl=self._context())
        self._tls_port = tls.sockets[0].getsockname()[1]
        listener = await asyncio.start_server(self._connect, "127.0.0.1", port)
        self._listeners = (tls, listener)
        return int(listener.sockets[0].getsockname()[1])

    def _context(self) -> ssl.SSLContext:
        """A context that becomes that of the host which the client names."""

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, host: str | None, _: ssl.SSLContext) -> int | None:
            if host is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = self._authority.context_for(host)
            return None

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = choose
        return context

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """`CONNECT HOST:443`, and then the bytes of TLS both ways."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.close()
            return
        method, _, rest = head.partition(" ")
        host = rest.partition(" ")[0].rpartition(":")[0].lower()
        if method != "CONNECT" or self._target(host) is None:
            log.warning("refused: %s %s", method, rest.partition(" ")[0])
            writer.write(b"HTTP/1.1 403 Forbidden\r\nX-Emulator: unknown host\r\nContent-Length: 0\r\n\r\n")
            await _closed(writer)
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, self._tls_port)

    async def _decrypted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = self._authority.host_of(writer.get_extra_info("ssl_object").context)
        target = self._target(host)
        if target is None:  # the name in the TLS greeting was another than that of CONNECT
            log.warning("refused: TLS for %s", host)
            await _closed(writer)
            return
        await _join(reader, writer, target)

    def _target(self, host: str) -> int | None:
        if any(fnmatch(host, pattern) for pattern in SERVICE_HOSTS):
            return self._app
        return self._blobs if any(fnmatch(host, pattern) for pattern in BLOB_HOSTS) else None


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Bytes both ways between a client and a port on loopback, until either end closes."""
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await _closed(writer)
        return
    await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    except (ConnectionError, ssl.SSLError):
        pass  # one end went away: so does the other
    await _closed(target)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await _quietly(writer.wait_closed)


async def _quietly(wait: Callable[[], object]) -> None:
    try:
        await wait()  # type: ignore[misc]
    except (ConnectionError, ssl.SSLError):
        return
