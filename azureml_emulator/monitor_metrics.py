"""Azure Monitor's metrics of online endpoints and their deployments, from what was really measured here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from azureml_emulator.endpoints import KIND
from azureml_emulator.errors import not_found
from azureml_emulator.measurements import Request, percentile
from azureml_emulator.monitor_query import MINUTE, Query
from azureml_emulator.routing import WORKSPACE, Call, Router, reply
from azureml_emulator.utilisation import Utilisation
from azureml_emulator.world import PROVIDER, World

MOST_KEPT = 100_000  # requests of one endpoint, the newest
_DIMENSIONS: dict[str, Callable[[Request], str]] = {
    "deployment": lambda request: request.deployment,
    "statuscode": lambda request: str(request.status),
    "statuscodeclass": lambda request: f"{request.status // 100}xx",
    "modelstatuscode": lambda request: request.model_status,
    "envoy_response_code": lambda request: str(request.status),
}
_PERCENTILES = {f"RequestLatency_P{share}": share for share in (50, 90, 95, 99)}
_UTILISATION = ("CpuUtilizationPercentage", "CpuMemoryUtilizationPercentage")


@dataclass(frozen=True)
class _Metric:
    """A metric that a kind of resource has: its unit, its dimensions, a minute's value from the minute's requests."""

    unit: str
    dimensions: tuple[str, ...]
    value: Callable[[list[Request]], float]


def _traffic(of_requests: tuple[str, ...], of_latencies: tuple[str, ...]) -> dict[str, _Metric]:
    latencies = {
        name: _Metric("MilliSeconds", of_latencies, lambda found, share=share: percentile(found, share))  # type: ignore[misc]
        for name, share in _PERCENTILES.items()
    }
    return {"RequestsPerMinute": _Metric("Count", of_requests, lambda found: float(len(found))), **latencies}


_STATUSES = ("deployment", "statuscode", "statuscodeclass", "modelstatuscode")
_OF_ENDPOINT = _traffic(_STATUSES, ("deployment",)) | {
    "RequestLatency": _Metric("MilliSeconds", ("deployment",), lambda found: sum(r.ms for r in found) / len(found))
}
_OF_DEPLOYMENT = _traffic(("envoy_response_code",), ())


class MonitorMetrics:
    """Remembers requests since the emulator started, and tells them by the minute."""

    def __init__(self, world: World, utilisation: Utilisation) -> None:
        self._world = world
        self._utilisation = utilisation
        self._requests: dict[tuple[str, str], deque[Request]] = {}

    def routes(self, router: Router) -> None:
        endpoint = f"{WORKSPACE}/{KIND}/{{endpoint}}"
        router.add("GET", f"{endpoint}/providers/Microsoft.Insights/metrics", self._of_endpoint)
        router.add("GET", f"{endpoint}/deployments/{{name}}/providers/Microsoft.Insights/metrics", self._of_deployment)

    def record(self, workspace: str, endpoint: str, request: Request) -> None:
        self._requests.setdefault((workspace, endpoint), deque(maxlen=MOST_KEPT)).append(request)

    def _of_endpoint(self, call: Call) -> Response:
        endpoint = call.parts["endpoint"]
        resource = self._world.require(call.workspace, KIND, endpoint)
        requests = list(self._requests.get((call.workspace, endpoint), ()))
        query = Query(call, f"{PROVIDER}/workspaces/{KIND}", (*_OF_ENDPOINT,))
        return reply(query.answer(resource["id"], lambda name: _of(requests, name, _OF_ENDPOINT, query)))

    def _of_deployment(self, call: Call) -> Response:
        endpoint, name = call.parts["endpoint"], call.parts["name"]
        resource = self._world.store.get(call.workspace, f"deployments/{endpoint}", name)
        if resource is None:
            raise not_found(f"{KIND}/{endpoint}/deployments/{name}")
        known = list(self._requests.get((call.workspace, endpoint), ()))
        requests = [request for request in known if request.deployment == name]
        kind = f"{PROVIDER}/workspaces/{KIND}/deployments"
        query = Query(call, kind, (*_OF_DEPLOYMENT, *_UTILISATION))
        self._utilisation.measure(call.workspace, endpoint, name)

        def series(metric: str) -> tuple[str, list[dict[str, Any]]]:
            if metric in _OF_DEPLOYMENT:
                return _of(requests, metric, _OF_DEPLOYMENT, query)
            query.require_dimensions(metric, ("instanceid",))
            minutes = self._utilisation.by_minute(call.workspace, endpoint, name, metric)
            wanted = {"instanceid": "0"} if query.filters else {}
            return "Percent", [query.series(wanted, minutes)] if minutes else []

        return reply(query.answer(resource["id"], series))


def _of(
    requests: Iterable[Request], name: str, metrics: dict[str, _Metric], query: Query
) -> tuple[str, list[dict[str, Any]]]:
    """A metric's unit and its time series, one for each combination of the dimensions asked for."""
    metric = metrics[name]
    query.require_dimensions(name, metric.dimensions)
    groups: dict[tuple[str, ...], dict[int, list[Request]]] = {}
    for request in requests:
        values = {dimension: _DIMENSIONS[dimension](request) for dimension in query.filters}
        if all(wanted in ("*", values[dimension]) for dimension, wanted in query.filters.items()):
            minute = int(request.at // MINUTE)
            groups.setdefault(tuple(values.values()), {}).setdefault(minute, []).append(request)
    found = []
    for values_of_group, minutes in groups.items():
        told = {minute: metric.value(those) for minute, those in minutes.items() if query.has(minute)}
        if told:
            found.append(query.series(dict(zip(query.filters, values_of_group, strict=True)), told))
    return metric.unit, found
