"""Clients that ask until they are ended: `python -m benchmarks.constant_load URL KEY CONNECTIONS FILE`.

Writes what it counted to the file, every half second and at its end: asked, failed (any answer but 200, or none).
An https address is reached through the proxy that the environment names, as the emulator of Azure ML is.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import uvloop

from benchmarks.load import scoring_request

WRITTEN_EVERY_SECONDS = 0.5
PAUSE_SECONDS = 0.01  # between a client's requests: constant load, and not all that the machine bears


class Clients:
    """Connections that are opened again when they end, as a client's are."""

    def __init__(self, url: SplitResult, request: bytes) -> None:
        self._url, self._request = url, request
        self.asked = self.failed = 0
        self.stopping = asyncio.Event()

    async def ask(self) -> None:
        """One client's requests, one after another."""
        reader, writer = await _connected(self._url)
        while not self.stopping.is_set():
            self.asked += 1
            try:
                writer.write(self._request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                self.failed += b" 200 " not in head[:15]
            except (OSError, EOFError):
                self.failed += 1
                reader, writer = await _connected(self._url)
            await asyncio.sleep(PAUSE_SECONDS)
        writer.close()

    async def tell(self, file: Path) -> None:
        """Write the counts until it stops, whole or not at all."""
        while not self.stopping.is_set():
            self.write(file)
            await asyncio.sleep(WRITTEN_EVERY_SECONDS)

    def write(self, file: Path) -> None:
        part = file.with_suffix(".part")
        part.write_text(json.dumps({"asked": self.asked, "failed": self.failed}))
        part.replace(file)


async def _connected(url: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to whoever answers there."""
    if url.scheme == "http":
        return await asyncio.open_connection(url.hostname, url.port)
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port)
    writer.write(f"CONNECT {url.hostname}:443 HTTP/1.1\r\nHost: {url.hostname}:443\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    trusted = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    await writer.start_tls(trusted, server_hostname=url.hostname)
    return reader, writer


async def main(url: SplitResult, key: str, connections: int, file: Path) -> None:
    """Until SIGTERM."""
    clients = Clients(url, scoring_request(url.path, key, url.netloc))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, clients.stopping.set)
    await asyncio.gather(clients.tell(file), *(clients.ask() for _ in range(connections)))
    clients.write(file)


if __name__ == "__main__":
    uvloop.run(main(urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
