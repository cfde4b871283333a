"""Every host's routes in one application; what the real service would not answer is refused and logged."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Host, Route, Router

from azureml_emulator.assets import Assets
from azureml_emulator.errors import ServiceError
from azureml_emulator.store import Store
from azureml_emulator.tokens import Tokens
from azureml_emulator.workspaces import PROVIDER, Workspaces

_GROUP = "/subscriptions/{subscription}/{groups}/{group}"  # resourceGroups or resourcegroups: the SDK writes both
_WORKSPACES = f"{_GROUP}/providers/{PROVIDER}/workspaces"
log = logging.getLogger(__name__)


def build(tokens: Tokens, workspaces: Workspaces, store: Store) -> Starlette:
    """The application."""

    def within_workspace(request: Request) -> str:
        """Who asks, of a workspace that there is."""
        who = tokens.client_of(request)
        where = request.path_params
        workspaces.find(where["subscription"], where["group"], where["name"])
        return who

    async def get_workspace(request: Request) -> Response:
        tokens.client_of(request)
        where = request.path_params
        return JSONResponse(workspaces.find(where["subscription"], where["group"], where["name"]).as_resource())

    async def list_workspaces(request: Request) -> Response:
        tokens.client_of(request)
        found = workspaces.within(request.path_params["subscription"], request.path_params["group"])
        return JSONResponse({"value": [workspace.as_resource() for workspace in found]})

    manager = [Route(_WORKSPACES, list_workspaces), Route(f"{_WORKSPACES}/{{name}}", get_workspace)]
    manager += Assets(store, within_workspace).routes(f"{_WORKSPACES}/{{name}}")
    return Starlette(
        routes=[
            Host("login.microsoftonline.com", Router(tokens.routes(), default=_unknown)),
            Host("management.azure.com", Router(manager, default=_unknown)),
        ],
        exception_handlers={ServiceError: lambda _, error: error.response()},
    )


async def _unknown(scope: object, receive: object, send: object) -> None:
    request = Request(scope)  # type: ignore[arg-type]
    log.warning("no such route: %s %s", request.method, request.url)
    message = f"The emulator has no route {request.method} {request.url.path}."
    await ServiceError(404, "EmulatorHasNoRoute", message).response()(scope, receive, send)  # type: ignore[arg-type]
