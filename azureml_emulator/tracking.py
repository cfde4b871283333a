"""MLflow on a workspace: an MLflow server behind us, less what the service does not have."""

from __future__ import annotations

import httpx
from starlette.responses import Response

from azureml_emulator.errors import ServiceError
from azureml_emulator.routing import WORKSPACE, Call, Router
from azureml_emulator.tracked_runs import TrackedRuns
from azureml_emulator.world import World

_PASSED_ON = ("content-type", "accept", "range")
_LEFT_OUT = ("content-length", "content-encoding", "transfer-encoding", "connection", "server", "date")


class Tracking:
    """Forwards `/mlflow/VERSION/WORKSPACE/…`; MLflow 3's logged models are a 404, as on the service."""

    def __init__(self, world: World, http: httpx.Client, runs: TrackedRuns) -> None:
        self._world = world
        self._http = http
        self._runs = runs

    def routes(self, router: Router) -> None:
        router.add("*", f"/mlflow/{{version}}{WORKSPACE}/{{rest*}}", self._forward)

    def _forward(self, call: Call) -> Response:
        server, rest = self._world.settings.mlflow_of(call.workspace), call.parts["rest"]
        if "/logged-models" in rest:
            raise ServiceError(404, "NotFound", f"Resource not found: {rest}")
        if server is None:
            raise ServiceError(501, "NotEmulated", "The emulator was started without --mlflow.")
        headers = {name: call.headers[name] for name in _PASSED_ON if name in call.headers}
        rest, query, content = self._runs.to_server(call.workspace, rest, call.raw_query, call.content)
        address = f"{server.rstrip('/')}/{rest}"
        try:
            answer = self._http.request(call.method, address, params=query, content=content, headers=headers)
        except httpx.TransportError as error:
            raise ServiceError(502, "BadGateway", f"The MLflow server does not answer: {error}") from error
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _LEFT_OUT}
        told = answer.content
        if "json" in answer.headers.get("content-type", ""):
            told = self._runs.to_client(call.workspace, told)
        return Response(told, answer.status_code, kept)
