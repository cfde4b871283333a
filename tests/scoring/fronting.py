"""A front in a thread of the tests' own, whose plan they change as they like."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import scoring.front
from scoring.front import Front, serve_front


@dataclass
class Fronted:
    """Where it listens, and the plan that it reads next."""

    port: int = 0
    plan: bytes | None = None
    unreadable: Exception | None = None

    def read(self) -> bytes | None:
        """The plan, as the front asks for it."""
        if self.unreadable is not None:
            raise self.unreadable
        return self.plan

    def test(self, key: str, slot: str, share: int, salt: str = "salt", until: float | None = None) -> None:
        """Have a test run."""
        told = {"test": key, "salt": salt, "share": share, "slot": slot, "until": until}
        self.plan = json.dumps(told).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/score"


@contextmanager
def fronted(url: str, read_every: float = 0.05) -> Iterator[Fronted]:
    """A front before that address."""
    found, up, loop = Fronted(), threading.Event(), asyncio.new_event_loop()
    before, scoring.front.READ_EVERY_SECONDS = scoring.front.READ_EVERY_SECONDS, read_every

    def serving(port: int) -> None:
        found.port = port
        up.set()

    async def serve() -> None:
        await serve_front(Front(url), 0, found.read, serving)

    def work() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    task = loop.create_task(serve())
    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert up.wait(120)
        yield found
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()
        scoring.front.READ_EVERY_SECONDS = before
