"""The front of an endpoint: gives each caller its version, and passes requests on, to this machine or to Azure.

Clients POST to it as to the endpoint, with the same key, and with who they are in `x-caller-id`. While an A/B test
runs, the challenger's callers are passed on with the header that names its slot; all others go to whatever the
endpoint's own traffic says, which is the champion. So it is there that everybody goes when the test is over, when what
is read is no plan, and when the challenger's slot does not answer. The caller goes into the request's body as a hash,
since headers of our own need not reach a model's server on Azure. Neither ids nor keys are kept or printed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from scoring.assignment import assign
from scoring.gateway.dataplane import ClientConnection, Request, problem
from scoring.gateway.upstream import Answer

CALLER_HEADER = b"x-caller-id"
SLOT_HEADER = "azureml-model-deployment"
LONGEST_ID = 256  # bytes; whoever sends more is not counted
READ_EVERY_SECONDS = 1.0
TIMEOUT_SECONDS = 65.0  # longer than the endpoint's own
_GONE = frozenset({404, 502, 503, 504})  # what an endpoint answers for a slot that is not there, or does not answer
_PASSED_ON = frozenset({b"x-ms-client-request-id", b"traceparent", b"accept"})
_CHOOSE = SLOT_HEADER.encode()
_TOLD = ("ms-azureml-model-error-statuscode", "ms-azureml-model-error-reason", "x-ms-client-request-id", "retry-after")


@dataclass(frozen=True)
class FrontPlan:
    """The running test, as the front needs it."""

    test: str  # its key
    salt: str
    share: float  # of the callers, 0..1, that get the challenger
    slot: str  # where it is deployed
    until: float | None = None  # Unix time; None: until it is ended

    @classmethod
    def read(cls, content: bytes | None) -> FrontPlan | None:
        """From JSON; None where no test runs, or it is none of ours. The share is written in per cent."""
        try:
            told = json.loads(content or b"null")
            if not told:
                return None
            until = None if told["until"] is None else float(told["until"])
            return cls(str(told["test"]), str(told["salt"]), float(told["share"]) / 100, str(told["slot"]), until)
        except (ValueError, KeyError, TypeError):
            return None

    def runs(self, at: float) -> bool:
        """Whether it still does. at: Unix time."""
        return self.until is None or at < self.until


@dataclass
class FrontRequest(Request):
    """A client's request, and who it is from."""

    caller: bytes = b""
    passed_on: dict[bytes, bytes] = field(default_factory=dict)


class Front:
    """Answers requests by asking the endpoint."""

    def __init__(self, url: str, plan: FrontPlan | None = None, clock: Callable[[], float] = time.time) -> None:
        self.plan = plan
        self.ails: type[Exception] | None = None  # why the plan could not be read, last
        self._url = url
        self._clock = clock
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30.0)
        self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits)

    async def answer(self, request: Request) -> tuple[Answer, str]:
        """The endpoint's answer, and the slot that it came from."""
        assert isinstance(request, FrontRequest)  # noqa: S101 - its connection makes no other
        if not request.path.partition(b"?")[0].endswith(b"/score"):
            return problem(404, "There is no such endpoint: POST to /endpoints/NAME/score."), ""
        if request.method != b"POST":
            return problem(405, "Scoring is by POST."), ""
        body, headers = b"".join(request.body), _headers(request)
        caller, plan = _caller(request), self.plan
        if request.deployment is not None or plan is None or caller is None or not plan.runs(self._clock()):
            return await self._ask(body, headers)
        assigned = assign(plan.test, plan.salt, caller, plan.share)
        body = with_caller(body, assigned.logged)
        if assigned.arm == "champion":
            return await self._ask(body, headers)
        answer, slot = await self._ask(body, {**headers, _CHOOSE: plan.slot.encode()})
        return (answer, slot) if answer.status not in _GONE else await self._ask(body, headers)

    async def close(self) -> None:
        """Close the connections to the endpoint."""
        await self._http.aclose()

    async def _ask(self, body: bytes, headers: dict[bytes, bytes]) -> tuple[Answer, str]:
        """Once, and once more where the connection was lost: scoring is idempotent."""
        for last in (False, True):
            try:
                response = await self._http.post(self._url, content=body, headers=headers)
            except httpx.TimeoutException:
                return problem(504, f"The endpoint did not answer within {TIMEOUT_SECONDS:.0f} s."), ""
            except httpx.HTTPError:
                if last:
                    return problem(502, "The endpoint does not answer."), ""
            else:
                return _answered(response), response.headers.get(SLOT_HEADER, "")
        raise AssertionError("unreachable")


class FrontConnection(ClientConnection):
    """A client's connection, which also tells who the client is."""

    def on_message_begin(self) -> None:
        self._request = FrontRequest()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        name = name.lower()
        assert isinstance(self._request, FrontRequest)  # noqa: S101
        if name == CALLER_HEADER:
            self._request.caller = value.strip()
        elif name in _PASSED_ON:
            self._request.passed_on[name] = value


def with_caller(body: bytes, caller: str) -> bytes:
    """The request with `caller` as its last field, which counts whatever the client wrote there.

    What is no JSON object stays what it is: the endpoint says what is wrong with it.
    """
    whole = body.strip()
    if not (whole.startswith(b"{") and whole.endswith(b"}")) or not whole[1:-1].strip():
        return body
    return whole[:-1] + b', "caller": ' + json.dumps(caller).encode() + b"}"


async def serve_front(
    front: Front,
    port: int,
    read: Callable[[], bytes | None],
    serving: Callable[[int], None] = lambda _: None,
    host: str = "127.0.0.1",
) -> None:
    """Listen until cancelled. read: the plan as it is now, called in a thread; whatever it raises leaves the last one.

    serving: called with the port once requests are taken.
    """
    await _refresh(front, read)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: FrontConnection(front), host, port, backlog=512)
    serving(server.sockets[0].getsockname()[1])
    reading = asyncio.create_task(_forever(lambda: _refresh(front, read)))
    try:
        await server.serve_forever()
    finally:
        reading.cancel()
        await front.close()


async def _forever(what: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(READ_EVERY_SECONDS)
        await what()


async def _refresh(front: Front, read: Callable[[], bytes | None]) -> None:
    try:
        front.plan = FrontPlan.read(await asyncio.to_thread(read))
        front.ails = None
    except Exception as error:  # the plan's own end stands in it, so an old one does no harm
        if front.ails is not type(error):
            print(f"The plan cannot be read, the last one stays: {type(error).__name__}", file=sys.stderr, flush=True)
        front.ails = type(error)


def _caller(request: FrontRequest) -> str | None:
    if not request.caller or len(request.caller) > LONGEST_ID:
        return None
    return request.caller.decode("utf-8", "surrogateescape")


def _headers(request: FrontRequest) -> dict[bytes, bytes]:
    headers = {b"content-type": b"application/json", **request.passed_on}
    if request.key:
        headers[b"authorization"] = b"Bearer " + request.key
    if request.deployment is not None:
        headers[_CHOOSE] = request.deployment.encode("latin-1")
    return headers


def _answered(response: httpx.Response) -> Answer:
    told: Any = tuple((name, response.headers[name]) for name in _TOLD if name in response.headers)
    kind = response.headers.get("content-type", "application/json").encode("latin-1")
    return Answer(response.status_code, kind, response.content, told)
