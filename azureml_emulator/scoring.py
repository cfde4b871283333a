"""What answers at NAME.REGION.inference.ml.azure.com: a check of the key, the choice of a deployment, its answer."""

from __future__ import annotations

import hmac
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from starlette.responses import Response

from azureml_emulator.connections import loopback_client
from azureml_emulator.endpoints import KIND
from azureml_emulator.errors import ServiceError, not_found
from azureml_emulator.job_spec import seconds
from azureml_emulator.measurements import Request
from azureml_emulator.monitor_metrics import MonitorMetrics
from azureml_emulator.routing import Call, reply
from azureml_emulator.serving import Serving
from azureml_emulator.store import Document
from azureml_emulator.traffic import choose, mirror
from azureml_emulator.world import World

_DEPLOYMENT = "azureml-model-deployment"
_PASSED_ON = ("content-type", "accept", "x-ms-client-request-id", "x-ms-request-id", "traceparent")
_LEFT_OUT = ("content-length", "transfer-encoding", "connection", "server", "date")


class Scoring:
    """One request to a model server, and perhaps a copy of it to the mirror."""

    def __init__(self, world: World, serving: Serving, metrics: MonitorMetrics) -> None:
        self._world = world
        self._metrics = metrics
        self._serving = serving
        self._http = loopback_client()
        self._mirrors = ThreadPoolExecutor(4)

    def answer(self, call: Call) -> Response:
        workspace, endpoint = self._endpoint(call.host)
        self._authorize(call, workspace, endpoint)
        properties = endpoint["properties"]
        name = call.headers.get(_DEPLOYMENT) or choose(properties["traffic"])
        if name is None:
            raise ServiceError(404, "NoTraffic", "No deployment of this endpoint receives traffic.")
        copy_to = None if _DEPLOYMENT in call.headers else mirror(properties["mirrorTraffic"])
        if copy_to is not None:
            self._mirrors.submit(self._forward, call, workspace, endpoint["name"], copy_to)
        return self._forward(call, workspace, endpoint["name"], name)

    def close(self) -> None:
        self._mirrors.shutdown(cancel_futures=True)
        self._http.close()

    def _endpoint(self, host: str) -> tuple[str, Document]:
        name, _, rest = host.partition(".")
        for workspace in self._world.settings.workspaces:
            found = self._world.store.get(workspace, KIND, name)
            if found is not None and rest.startswith(self._world.settings.region + "."):
                return workspace, found
        raise not_found(f"{KIND}/{name}")

    def _authorize(self, call: Call, workspace: str, endpoint: Document) -> None:
        given = call.headers.get("authorization", "")
        if endpoint["properties"]["authMode"].lower() != "key":
            self._world.tokens.client_of(given)
            return
        keys = self._world.store.get(workspace, "endpointKeys", endpoint["name"]) or {}
        if not any(hmac.compare_digest(given, f"Bearer {key}") for key in keys.values()):
            raise ServiceError(401, "key_auth_access_denied", "The key is not one of this endpoint's.")

    def _forward(self, call: Call, workspace: str, endpoint: str, name: str) -> Response:
        deployment = self._world.store.get(workspace, f"deployments/{endpoint}", name)
        address = self._serving.address(workspace, endpoint, name)
        if deployment is None or address is None:
            raise ServiceError(404, "DeploymentNotFound", f"The endpoint has no deployment '{name}' that serves.")
        began = time.perf_counter()
        status, model_status = 500, ""
        try:
            answer = self._ask(call, deployment, address)
            response = _as_the_service(answer, name)
            status, model_status = response.status_code, str(answer.status_code)
        except ServiceError as error:
            status = error.status
            raise
        finally:
            ms = (time.perf_counter() - began) * 1000
            self._metrics.record(workspace, endpoint, Request(time.time(), name, status, model_status, ms))
        return response

    def _ask(self, call: Call, deployment: Document, address: str) -> httpx.Response:
        limit = seconds(deployment["properties"]["requestSettings"].get("requestTimeout")) or 5.0
        headers = {key: call.headers[key] for key in _PASSED_ON if key in call.headers}
        try:
            return self._http.request(
                call.method,
                address + call.path,
                params=call.query,
                content=call.content,
                headers=headers,
                timeout=limit,
            )
        except httpx.TimeoutException as error:
            raise ServiceError(408, "RequestTimeout", f"The model took longer than {limit:g} s.") from error
        except httpx.TransportError as error:
            raise ServiceError(502, "BadGateway", f"The model server does not answer: {error}") from error


def _as_the_service(answer: httpx.Response, name: str) -> Response:
    """The model's own failures are told as 424, with their status in a header."""
    kept = {key: value for key, value in answer.headers.items() if key.lower() not in _LEFT_OUT}
    kept[_DEPLOYMENT] = name
    if answer.is_success:
        return Response(answer.content, answer.status_code, kept)
    kept = {_DEPLOYMENT: name, "ms-azureml-model-error-statuscode": str(answer.status_code)}
    kept["ms-azureml-model-error-reason"] = "model_error"
    error = ServiceError(424, "ModelError", answer.text[:2000])
    return reply(error.body(), error.status, kept)
