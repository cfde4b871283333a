"""Clients that ask until they are ended: `python -m benchmarks.constant_load URL KEY RATE FILE`.

So many requests a second, evenly, each when it is due, however long the ones before take: clients that wait for their
answers would ask a slow service less, and hide how slow it is. Writes what it counted to the file, every half second
and at its end: asked, failed (any answer but 200, or none). An https address is reached through the proxy that the
environment names, as the emulator of Azure ML is.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import uvloop

from benchmarks.load import scoring_request

WRITTEN_EVERY_SECONDS = 0.5
MOST_AT_ONCE = 400  # requests without an answer yet; beyond, the next ones are late
IDLE_SECONDS = 1.0  # after which a connection is not used again: its server may be ending it


@dataclass
class Connection:
    """Of one request after another."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: float  # loop time

    async def ask(self, request: bytes) -> bool:
        """Whether it was answered 200. OSError or EOFError where the connection ended."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await self.reader.readexactly(length)
        self.used = asyncio.get_running_loop().time()
        return b" 200 " in head[:15]


class Clients:
    """They keep connections, and open another one where none is free."""

    def __init__(self, url: SplitResult, request: bytes) -> None:
        self._url, self._request = url, request
        self._free: list[Connection] = []
        self._at_once = asyncio.Semaphore(MOST_AT_ONCE)
        self.asked = self.failed = 0
        self.stopping = asyncio.Event()

    async def ask(self, rate: float) -> None:
        """So many requests a second, until it stops and all are answered."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with asyncio.TaskGroup() as asking:
            while not self.stopping.is_set():
                await self._at_once.acquire()
                asking.create_task(self._once())
                due += 1 / rate
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def _once(self) -> None:
        self.asked += 1
        try:
            connection = await self._connection()
            self.failed += not await connection.ask(self._request)
            self._free.append(connection)
        except (OSError, EOFError):
            self.failed += 1
        finally:
            self._at_once.release()

    async def _connection(self) -> Connection:
        now = asyncio.get_running_loop().time()
        while self._free:
            found = self._free.pop()
            if now - found.used < IDLE_SECONDS:
                return found
            found.writer.close()
        return Connection(*await _connected(self._url), now)

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


async def main(url: SplitResult, key: str, rate: float, file: Path) -> None:
    """Until SIGTERM."""
    clients = Clients(url, scoring_request(url.path, key, url.netloc))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, clients.stopping.set)
    await asyncio.gather(clients.tell(file), clients.ask(rate))
    clients.write(file)


if __name__ == "__main__":
    uvloop.run(main(urlsplit(sys.argv[1]), sys.argv[2], float(sys.argv[3]), Path(sys.argv[4])))
