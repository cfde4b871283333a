"""Versioned assets of a workspace: data, environments, models. A version, once made, keeps what it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from azureml_emulator.errors import ServiceError
from azureml_emulator.store import Store
from azureml_emulator.workspaces import PROVIDER

# What a version can never change, by kind of asset.
FIXED = {"data": ("dataUri", "dataType"), "environments": ("image", "build", "condaFile"), "models": ("modelUri",)}
# What the service always answers, asked for or not: the SDK reads it unseen.
FILLED: dict[str, dict[str, Any]] = {"models": {"flavors": {}}}

Authorised = Callable[[Request], str]


class Assets:
    """Routes below a workspace's id. `authorised` tells who asks, or raises."""

    def __init__(self, store: Store, authorised: Authorised) -> None:
        self._store = store
        self._authorised = authorised

    def routes(self, workspace: str) -> list[Route]:
        """`workspace`: the path of a workspace with its parameters."""
        asset = f"{workspace}/{{kind}}/{{asset}}"
        return [
            Route(f"{workspace}/{{kind}}", self._list),
            Route(asset, self._container),
            Route(f"{asset}/versions", self._list),
            Route(f"{asset}/versions/{{version}}", self._get, methods=["GET"]),
            Route(f"{asset}/versions/{{version}}", self._put, methods=["PUT"]),
        ]

    async def _get(self, request: Request) -> Response:
        self._authorise(request)
        found = self._store.get(request.url.path)
        if found is None:
            raise _absent(request)
        return JSONResponse(found)

    async def _list(self, request: Request) -> Response:
        self._authorise(request)
        return JSONResponse({"value": self._store.children(request.url.path)})

    async def _container(self, request: Request) -> Response:
        """The asset over all its versions; the next version's number is what the SDK asks for."""
        self._authorise(request)
        versions = self._store.children(f"{request.url.path}/versions")
        if not versions:
            raise _absent(request)
        return JSONResponse(self._store.get(request.url.path))

    async def _put(self, request: Request) -> Response:
        who = self._authorise(request)
        where = request.path_params
        properties = {**FILLED.get(where["kind"], {}), **(await request.json())["properties"]}
        before = self._store.get(request.url.path)
        if before is not None:
            _refuse_change(where, before["properties"], properties)
        kind = f"{PROVIDER}/workspaces/{where['kind']}"
        body = self._store.put(request.url.path, f"{kind}/versions", properties, who)
        self._count(request.url.path.rpartition("/versions/")[0], kind, who)
        return JSONResponse(body, 201 if before is None else 200)

    def _count(self, asset: str, kind: str, who: str) -> None:
        versions = self._store.children(f"{asset}/versions")
        numbers = [int(version["name"]) for version in versions if version["name"].isdigit()]
        following = str(max(numbers, default=0) + 1)
        content = {"latestVersion": versions[0]["name"], "nextVersion": following, "isArchived": False, "tags": {}}
        self._store.put(asset, kind, content, who)

    def _authorise(self, request: Request) -> str:
        if request.path_params["kind"] not in FIXED:
            raise ServiceError(404, "EmulatorHasNoRoute", f"The emulator has no {request.path_params['kind']}.")
        return self._authorised(request)


def _refuse_change(where: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = [name for name in FIXED[where["kind"]] if before.get(name) != after.get(name)]
    if changed:
        what = f"{where['kind']} {where['asset']}:{where['version']}"
        raise ServiceError(400, "UserError", f"{what} exists already, and its {', '.join(changed)} cannot be changed.")


def _absent(request: Request) -> ServiceError:
    where = request.path_params
    version = f" with version {where['version']}" if "version" in where else ""
    return ServiceError(404, "UserError", f"{where['kind']} asset {where['asset']}{version} was not found.")
