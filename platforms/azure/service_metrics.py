"""What Azure Monitor measures of an endpoint's deployments: requests, errors, latencies, utilisation.

All these metrics are told as averages, of a minute: of `RequestsPerMinute` that is the minute's count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.credentials import TokenCredential

from platforms.azure.monitor import Monitor, Series
from platforms.ports import Interval, NotFound, Served

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_REQUESTS = "RequestsPerMinute"
_LATENCIES = {"RequestLatency_P50": "p50_ms", "RequestLatency_P95": "p95_ms", "RequestLatency_P99": "p99_ms"}
_UTILISATION = {"CpuUtilizationPercentage": "cpu_percent", "CpuMemoryUtilizationPercentage": "memory_percent"}
_DIMENSIONS = ("deployment", "statusCode", "modelStatusCode")
_LATE = timedelta(minutes=3)  # that Monitor needs until it has told all of a minute
_TIMED_OUT = "408"  # what the service answers where the model took longer than the deployment allows


class ServiceMetrics:
    """The metrics of a workspace's online endpoints; Monitor has them two to three minutes late.

    `workspace` is the workspace's resource id.
    """

    def __init__(self, credential: TokenCredential, workspace: str, window: timedelta = timedelta(hours=1)) -> None:
        self._monitor = Monitor(credential)
        self._workspace = workspace.rstrip("/")
        self._window = window

    def of(self, endpoint: str) -> dict[str, dict[str, Any]]:
        """What `OnlineEndpoints.metrics` promises, of the window. NotFound where there is no such endpoint.

        The percentiles are means of the minutes' own, weighted by requests: Monitor keeps no more than those.
        """
        span = self._timespan()
        resource = f"{self._workspace}/onlineEndpoints/{endpoint}"
        requests = self._monitor.metrics(resource, span, [_REQUESTS], _DIMENSIONS)[_REQUESTS]
        latencies = self._monitor.metrics(resource, span, list(_LATENCIES), ("deployment",))
        found = _counts(requests)
        for slot, metrics in found.items():
            weights = _by_minute(requests, slot)
            for name, word in _LATENCIES.items():
                metrics[word] = _weighted_mean(_by_minute(latencies[name], slot), weights)
            metrics |= self._utilisation(f"{resource}/deployments/{slot}", span)
        return found

    def since(self, endpoint: str, start: datetime, late: timedelta = _LATE) -> dict[str, Served]:
        """What `OnlineEndpoints.served` promises: whole minutes, of which Monitor has told all that it will."""
        begin = _minute(start) if start == _minute(start) else _minute(start) + timedelta(minutes=1)
        end = _minute(datetime.now(UTC) - late)
        if end <= begin:
            return {}
        span, resource = f"{begin:{_MOMENT}}/{end:{_MOMENT}}", f"{self._workspace}/onlineEndpoints/{endpoint}"
        requests = self._monitor.metrics(resource, span, [_REQUESTS], _DIMENSIONS)[_REQUESTS]
        latencies = self._monitor.metrics(resource, span, ["RequestLatency_P95"], ("deployment",))["RequestLatency_P95"]
        slots = {series.dimensions["deployment"] for series in requests}
        found = {}
        for slot in slots:
            p95 = _weighted_mean(_by_minute(latencies, slot), _by_minute(requests, slot))
            found[slot] = Served(_intervals(requests, slot, _by_minute(latencies, slot)), p95)
        return found

    def _utilisation(self, deployment: str, span: str) -> dict[str, float | None]:
        """Of the deployment's instances, as far as it is still there: requests outlive what answered them."""
        try:
            found = self._monitor.metrics(deployment, span, list(_UTILISATION))
        except NotFound:
            return dict.fromkeys(_UTILISATION.values())
        return {word: _mean(found[name]) for name, word in _UTILISATION.items()}

    def _timespan(self) -> str:
        end = _minute(datetime.now(UTC)) + timedelta(minutes=1)
        return f"{end - self._window:{_MOMENT}}/{end:{_MOMENT}}"


def _counts(requests: list[Series]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for series in requests:
        count = round(sum(series.averages.values()))
        if count:
            slot = found.setdefault(series.dimensions["deployment"], {"requests": 0, "errors": 0})
            slot["requests"] += count
            slot["errors"] += count if _is_error(series.dimensions) else 0
    return found


def _intervals(requests: list[Series], slot: str, latencies: Mapping[str, float]) -> tuple[Interval, ...]:
    counts = _by_minute(requests, slot)
    errors = _by_minute([series for series in requests if _is_error(series.dimensions)], slot)
    return tuple(
        Interval(datetime.fromisoformat(at), round(count), round(errors.get(at, 0.0)), latencies.get(at))
        for at, count in sorted(counts.items())
    )


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _is_error(dimensions: Mapping[str, str]) -> bool:
    """A 5xx of the service, or of the model, which the service tells as 424, or no answer in time.

    A request that the model refuses (400) is a 424 too, and the caller's error.
    """
    status, model = dimensions["statuscode"], dimensions["modelstatuscode"]
    return status.startswith("5") or status == _TIMED_OUT or model.startswith("5")


def _by_minute(found: list[Series], slot: str) -> dict[str, float]:
    """A slot's values, of all its series together."""
    minutes: dict[str, float] = {}
    for series in found:
        if series.dimensions["deployment"] == slot:
            for minute, value in series.averages.items():
                minutes[minute] = minutes.get(minute, 0.0) + value
    return minutes


def _weighted_mean(values: Mapping[str, float], weights: Mapping[str, float]) -> float | None:
    total = sum(weights.get(minute, 0.0) for minute in values)
    return round(sum(value * weights.get(at, 0.0) for at, value in values.items()) / total, 3) if total else None


def _mean(found: list[Series]) -> float | None:
    values = [value for series in found for value in series.averages.values()]
    return round(sum(values) / len(values), 3) if values else None
