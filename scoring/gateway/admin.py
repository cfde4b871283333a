"""The control plane: endpoints, slots and traffic over HTTP, for whoever has the token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from scoring.gateway.memory import resident_mb
from scoring.gateway.state import Endpoint, Registry, RuleBroken, Slot
from scoring.gateway.supervisor import Supervisor

Handler = Callable[[Request], Awaitable[Response]]


def admin_app(registry: Registry, supervisor: Supervisor, token: str, scoring_base: str) -> Starlette:
    """The application. Every route but /healthz wants `Authorization: Bearer TOKEN`."""
    admin = _Admin(registry, supervisor, scoring_base)

    def guarded(handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                return _error(401, "The admin token is missing or wrong.")
            try:
                return await handler(request)
            except RuleBroken as error:
                return _error(error.code, str(error))
            except (KeyError, TypeError, ValueError) as error:
                return _error(400, f"The request is malformed: {error!r}")

        return checked

    one, slot = "/admin/endpoints/{name}", "/admin/endpoints/{name}/slots/{slot}"
    return Starlette(
        routes=[
            Route("/healthz", _healthy),
            Route("/admin/endpoints", guarded(admin.list), methods=["GET"]),
            Route(one, guarded(admin.ensure), methods=["PUT"]),
            Route(one, guarded(admin.get), methods=["GET"]),
            Route(one, guarded(admin.remove), methods=["DELETE"]),
            Route(f"{one}/traffic", guarded(admin.traffic), methods=["PUT"]),
            Route(f"{one}/keys", guarded(admin.keys), methods=["GET"]),
            Route(f"{one}/metrics", guarded(admin.metrics), methods=["GET"]),
            Route(f"{one}/served", guarded(admin.served), methods=["GET"]),
            Route(slot, guarded(admin.deploy), methods=["PUT"]),
            Route(slot, guarded(admin.delete_slot), methods=["DELETE"]),
            Route(f"{slot}/logs", guarded(admin.logs), methods=["GET"]),
        ]
    )


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok")


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"code": status, "message": message}}, status_code=status)


class _Admin:
    def __init__(self, registry: Registry, supervisor: Supervisor, scoring_base: str) -> None:
        self._registry = registry
        self._supervisor = supervisor
        self._base = scoring_base

    async def list(self, _: Request) -> Response:
        return JSONResponse({"endpoints": sorted(self._registry.endpoints)})

    async def ensure(self, request: Request) -> Response:
        body = await request.json()
        return self._told(self._registry.ensure(request.path_params["name"], _texts(body["tags"])))

    async def get(self, request: Request) -> Response:
        return self._told(self._endpoint(request))

    async def remove(self, request: Request) -> Response:
        endpoint = self._endpoint(request)
        for name in list(endpoint.slots):
            endpoint.require_idle(name)
        for name in list(endpoint.slots):
            self._supervisor.delete(endpoint, name)
        self._registry.remove(endpoint.name)
        return JSONResponse({})

    async def traffic(self, request: Request) -> Response:
        endpoint = self._endpoint(request)
        body = await request.json()
        endpoint.set_traffic(body["traffic"], body["mirror"])
        self._registry.save(endpoint)
        return self._told(endpoint)

    async def keys(self, request: Request) -> Response:
        return JSONResponse({"primaryKey": self._endpoint(request).key})

    async def metrics(self, request: Request) -> Response:
        return JSONResponse({name: _metrics(slot) for name, slot in self._endpoint(request).slots.items()})

    async def served(self, request: Request) -> Response:
        since = float(request.query_params["since"])
        slots = self._endpoint(request).slots.items()
        return JSONResponse({name: slot.history.since(since) for name, slot in slots})

    async def deploy(self, request: Request) -> Response:
        body = await request.json()
        model = Path(body["model_dir"])
        if not (model / "perennial.json").is_file():
            raise RuleBroken(400, f"{model} holds no packed model (perennial.json is missing).")
        name = request.path_params["slot"]
        sha256 = str(body.get("model_sha256", ""))
        slot = self._supervisor.deploy(self._endpoint(request), name, model, _texts(body["tags"]), sha256)
        return JSONResponse(slot.as_dict(), status_code=202)

    async def delete_slot(self, request: Request) -> Response:
        self._supervisor.delete(self._endpoint(request), request.path_params["slot"])
        return JSONResponse({})

    async def logs(self, request: Request) -> Response:
        slot = self._endpoint(request).slots.get(request.path_params["slot"])
        if slot is None:
            raise RuleBroken(404, f"There is no slot {request.path_params['slot']}.")
        log = Path(slot.folder) / "log.txt"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return PlainTextResponse("\n".join(lines[-int(request.query_params.get("lines", "200")) :]))

    def _endpoint(self, request: Request) -> Endpoint:
        return self._registry.get(request.path_params["name"])

    def _told(self, endpoint: Endpoint) -> Response:
        url = f"{self._base}/endpoints/{endpoint.name}/score"
        return JSONResponse({**endpoint.as_dict(), "scoring_url": url})


def _metrics(slot: Slot) -> dict[str, Any]:
    memory = resident_mb(slot.pid) if slot.pid else None
    return {**slot.metrics(), "memory_mb": memory, "start_s": slot.start_s}


def _texts(tags: Any) -> dict[str, str]:
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise RuleBroken(400, "Tags are texts by name.")
    return dict(tags)
