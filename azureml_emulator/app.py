"""The emulator's application: by host and path to who answers, after faults, tokens and roles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from azureml_emulator.accounts import ZONE
from azureml_emulator.answers import Answers
from azureml_emulator.blobs import Blobs
from azureml_emulator.errors import ServiceError
from azureml_emulator.faults import Faults
from azureml_emulator.routing import Call, Handler, Router, reply
from azureml_emulator.settings import Settings
from azureml_emulator.tokens import Tokens

SCORING = "POST https://{endpoint}.{region}.inference.ml.azure.com/{path*}"
LOGIN = "login.microsoftonline.com"


class App:
    """An ASGI application. What nothing answers is refused and written to `unknown.log`."""

    def __init__(self, settings: Settings, tokens: Tokens, blobs: Blobs) -> None:
        self._tokens = tokens
        self._blobs = blobs
        self._unknown = settings.state / "unknown.log"
        self.open = Router()  # what is answered without a token
        self.service = Router()
        self.control = Router()
        self.faults = Faults()
        self.faults.routes(self.control)
        self.answers = Answers()
        self.answers.routes(self.control)
        self.guards: list[Callable[[Call], None]] = []  # each may refuse a call before its handler is asked
        self.scoring: Handler | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            response = await self._answer(request)
            await response(scope, receive, send)

    def log_unknown(self, line: str) -> None:
        """What was asked for and is not emulated."""
        with Path(self._unknown).open("a") as log:
            log.write(line + "\n")

    async def _answer(self, request: Request) -> Response:
        response = await self._answered(request)
        # Those of the headers on every answer of the service that callers quote when they ask for help.
        if not (request.url.hostname or "").endswith(ZONE):
            response.headers["x-ms-correlation-request-id"] = str(uuid4())
            response.headers["x-ms-response-type"] = "error" if response.status_code >= 400 else "standard"
        return response

    async def _answered(self, request: Request) -> Response:
        host = request.url.hostname or ""
        fault = self.faults.take(request.method, f"https://{host}{request.url.path}")
        if fault is not None:
            await asyncio.sleep(fault.delay)
            response = fault.response()
            if response is not None:
                return response
        try:
            if host.endswith(ZONE):
                return await self._blobs.answer(request)
            call = await _read(request, host)
            return await asyncio.to_thread(self._dispatch, call)
        except ServiceError as error:
            return reply(error.body(), error.status)

    def _dispatch(self, call: Call) -> Response:
        if call.host == "127.0.0.1":
            return self._find(self.control, call)
        if call.host == LOGIN or call.path == "/discovery":
            return self._find(self.open, call)
        if call.host.endswith(".inference.ml.azure.com") and self.scoring is not None:
            response = self.scoring(call)
            self.answers.note(SCORING, call, response)
            return response
        client = self._tokens.client_of(call.headers.get("authorization", ""))
        return self._find(self.service, _replace(call, client=client))

    def _find(self, router: Router, call: Call) -> Response:
        found = router.find(call.method, call.path)
        if found is None:
            self.log_unknown(f"unknown route: {call.method} https://{call.host}{call.path}")
            raise ServiceError(501, "NotEmulated", f"{call.method} {call.path} is not emulated.")
        name, handler, parts = found
        call = _replace(call, parts=parts)
        response = self._handle(handler, call)
        if router is not self.control:
            self.answers.note(name, call, response)
        return response

    def _handle(self, handler: Handler, call: Call) -> Response:
        try:
            for guard in self.guards:
                guard(call)
            return handler(call)
        except ServiceError as error:
            return reply(error.body(), error.status)


async def _read(request: Request, host: str) -> Call:
    return Call(
        method=request.method,
        host=host,
        path=request.url.path,
        query=dict(request.query_params),
        raw_query=request.url.query,
        headers=dict(request.headers),
        content=await request.body(),
    )


def _replace(call: Call, **changes: Any) -> Call:
    return Call(**{**call.__dict__, **changes})
