"""The data plane: HTTP in, key checked, slot chosen, HTTP out. Lean, because every prediction passes through it."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import httptools

from scoring.gateway.state import HEALTHY, MIRRORED_HEADER, Endpoint, Registry, Slot
from scoring.gateway.upstream import Answer, Pool

BODY_LIMIT = 10 * 1024 * 1024  # bytes
TIMEOUT_SECONDS = 30.0
_PREFIX, _SUFFIX = b"/endpoints/", b"/score"
_CHOOSE = b"azureml-model-deployment"
_HEAD = b"POST /score HTTP/1.1\r\nHost: slot\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
_COPY = f"{MIRRORED_HEADER}: 1\r\n".encode()
COPIES_AT_ONCE = 16  # a mirror that is slower than what it copies gets fewer


@dataclass
class Request:
    """A client's request, as far as it matters here."""

    method: bytes = b""
    path: bytes = b""
    key: bytes = b""
    deployment: str | None = None
    body: list[bytes] = field(default_factory=list)
    size: int = 0
    keep_alive: bool = True


class Answers(Protocol):
    """Who answers what a connection has read."""

    async def answer(self, request: Request) -> tuple[Answer, str]: ...


class DataPlane:
    """Answers requests from the registry's endpoints."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._pool = Pool()
        self._copies: set[asyncio.Task[Any]] = set()

    async def answer(self, request: Request) -> tuple[Answer, str]:
        """The answer and the slot it came from, which is empty where no slot was asked."""
        endpoint = self._endpoint(request)
        if isinstance(endpoint, Answer):
            return endpoint, ""
        slot = endpoint.choose(request.deployment)
        if slot is None:
            if request.deployment is not None:
                return problem(404, f"{endpoint.name} has no slot {request.deployment} that answers."), ""
            return problem(503, f"No slot of {endpoint.name} has traffic."), ""
        body = b"".join(request.body)
        answered = await self._ask(endpoint, slot, body)
        if endpoint.mirror and request.deployment is None:
            self._copy(endpoint, body)
        return answered

    def _endpoint(self, request: Request) -> Endpoint | Answer:
        path = request.path.partition(b"?")[0]
        name = path[len(_PREFIX) : -len(_SUFFIX)].decode("latin-1")
        if not (path.startswith(_PREFIX) and path.endswith(_SUFFIX)) or name not in self._registry.endpoints:
            return problem(404, "There is no such endpoint: POST to /endpoints/NAME/score.")
        endpoint = self._registry.endpoints[name]
        if not hmac.compare_digest(request.key, endpoint.key.encode()):
            return problem(401, "The key is missing or wrong: send the header Authorization: Bearer KEY.")
        if request.method != b"POST":
            return problem(405, "Scoring is by POST.")
        return endpoint

    def _copy(self, endpoint: Endpoint, body: bytes) -> None:
        """Ask the mirror the same, perhaps, once the caller's answer is there; what comes of it is counted, no more."""
        slot = endpoint.copies_to()
        if slot is None or len(self._copies) >= COPIES_AT_ONCE:
            return
        task = asyncio.get_running_loop().create_task(self._once(slot, _HEAD % (_COPY, len(body)) + body))
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _ask(self, endpoint: Endpoint, slot: Slot, body: bytes) -> tuple[Answer, str]:
        message = _HEAD % (b"", len(body)) + body
        answer = await self._once(slot, message)
        if answer is None:  # it died: scoring is idempotent, so once more, elsewhere if there is an elsewhere
            slot = self._other(endpoint, slot)
            answer = await self._once(slot, message)
        return answer or problem(502, f"{endpoint.name}/{slot.name} does not answer."), slot.name

    async def _once(self, slot: Slot, message: bytes) -> Answer | None:
        """The slot's answer, or None where its server is gone."""
        slot.requests += 1
        slot.in_flight += 1
        started = time.perf_counter()
        timer = asyncio.get_running_loop().call_later(TIMEOUT_SECONDS, _cancel, asyncio.current_task())
        try:
            answer = await self._pool.request(slot.port, message)
        except OSError:
            slot.ended(True, None)
            return None
        except asyncio.CancelledError:
            slot.ended(True, None)
            return problem(504, f"The slot {slot.name} did not answer within {TIMEOUT_SECONDS:.0f} s.")
        finally:
            timer.cancel()
            slot.in_flight -= 1
        slot.ended(answer.status >= 500, time.perf_counter() - started)
        return answer

    @staticmethod
    def _other(endpoint: Endpoint, slot: Slot) -> Slot:
        others = (one for one in endpoint.slots.values() if one is not slot and one.state == HEALTHY)
        return next(others, endpoint.slots.get(slot.name, slot))


def problem(status: int, message: str) -> Answer:
    """An error in the service's format."""
    body = {"error": {"code": HTTPStatus(status).phrase, "message": message}}
    return Answer(status, b"application/json", json.dumps(body).encode())


def _cancel(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()


class ClientConnection(asyncio.Protocol):
    """One client's connection: requests are answered in their order."""

    def __init__(self, plane: Answers) -> None:
        self._plane = plane
        self._parser: Any = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._request = Request()
        self._waiting: list[Request] = []
        self._worker: asyncio.Task[None] | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        # A request under way is answered into the void: its prediction was made, and is logged.
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserCallbackError, httptools.HttpParserUpgrade):
            self._refuse(problem(400, "The request is no HTTP."))

    def on_message_begin(self) -> None:
        self._request = Request()

    def on_url(self, url: bytes) -> None:
        self._request.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"authorization":
            self._request.key = value[7:] if value[:7].lower() == b"bearer " else b""
        elif name == _CHOOSE:
            self._request.deployment = value.decode("latin-1")
        elif name == b"content-length" and int(value or 0) > BODY_LIMIT:
            self._too_large()
        elif name == b"expect" and not self._refused:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._request.size += len(body)
        if self._request.size > BODY_LIMIT:
            self._request.body.clear()
            self._too_large()
        elif not self._refused:
            self._request.body.append(body)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        self._request.method = self._parser.get_method()
        self._request.keep_alive = self._parser.should_keep_alive()
        self._waiting.append(self._request)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            request = self._waiting.pop(0)
            answer, slot = await self._plane.answer(request)
            self._write(answer, slot, request.keep_alive)
            if not request.keep_alive:
                self._transport.close()
                return

    def _write(self, answer: Answer, slot: str, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        head = (
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
            f"Content-Type: {answer.content_type.decode('latin-1')}\r\nContent-Length: {len(answer.body)}\r\n"
            + (f"azureml-model-deployment: {slot}\r\n" if slot else "")
            + "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
            + ("\r\n" if keep_alive else "Connection: close\r\n\r\n")
        )
        self._transport.write(head.encode("latin-1") + answer.body)

    def _too_large(self) -> None:
        self._refuse(problem(413, f"The body is larger than {BODY_LIMIT // 2**20} MB: send fewer rows a request."))

    def _refuse(self, answer: Answer) -> None:
        """Answer before the request is whole, take in what is still on its way for a while, and close."""
        if self._refused:
            return
        self._refused = True
        self._write(answer, "", keep_alive=False)
        # Closed at once, the kernel would reset the connection, and the client might never read the answer.
        asyncio.get_running_loop().call_later(2.0, self._transport.close)
