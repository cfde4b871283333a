"""A question to Azure Monitor, and the form of its answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from azureml_emulator.errors import ServiceError
from azureml_emulator.routing import Call

MINUTE = 60
DEFAULT_TOP = 10  # time series that the service tells unless asked for more
MOST_POINTS = 44640  # a month of minutes
_CLAUSE = re.compile(r"\s*(\w+)\s+eq\s+'([^']*)'\s*", re.IGNORECASE)


class Query:
    """What is asked: names, a window of whole minutes, dimensions. The service's 400 for what it would refuse."""

    def __init__(self, call: Call, kind: str, known: tuple[str, ...]) -> None:
        self._kind = kind
        self.names = [name for name in call.query.get("metricnames", "").split(",") if name]
        for name in self.names:
            if name not in known:
                valid = ",".join(known)
                raise _bad(f"Failed to find metric configuration for {kind}, metric: {name}. Valid metrics: {valid}")
        if call.query.get("interval", "PT1M") != "PT1M":
            raise ServiceError(501, "NotEmulated", "Only the interval PT1M is emulated.")
        self.filters = _filters(call.query.get("$filter", ""))
        self._top = int(call.query.get("top") or call.query.get("$top") or DEFAULT_TOP) if self.filters else 1
        self.timespan = call.query.get("timespan") or _last_hour()
        self._first, self._last = _minutes(self.timespan)

    def has(self, minute: int) -> bool:
        return self._first <= minute < self._last

    def require_dimensions(self, metric: str, known: tuple[str, ...]) -> None:
        for dimension in self.filters:
            if dimension not in known:
                raise _bad(f"Metric: {metric} does not support requested dimension combination: {dimension}.")

    def series(self, dimensions: dict[str, str], minutes: dict[int, float]) -> dict[str, Any]:
        """A point each minute; the minutes without a measurement have no value."""
        told = [{"name": {"value": name, "localizedValue": name}, "value": value} for name, value in dimensions.items()]
        data = [
            {"timeStamp": _time(minute), **({"average": minutes[minute]} if minute in minutes else {})}
            for minute in range(self._first, self._last)
        ]
        return {"metadatavalues": told, "data": data}

    def answer(self, resource: str, series: Callable[[str], tuple[str, list[dict[str, Any]]]]) -> dict[str, Any]:
        value = []
        for name in self.names:
            unit, found = series(name)
            described: dict[str, Any] = {"id": f"{resource}/providers/Microsoft.Insights/metrics/{name}"}
            described |= {"type": "Microsoft.Insights/metrics", "name": {"value": name, "localizedValue": name}}
            value.append({**described, "unit": unit, "timeseries": found[: self._top], "errorCode": "Success"})
        return {
            "cost": max(self._last - self._first - 1, 0),
            "timespan": self.timespan,
            "interval": "PT1M",
            "value": value,
            "namespace": self._kind,
        }


def _filters(text: str) -> dict[str, str]:
    if not text.strip():
        return {}
    filters = {}
    for clause in re.split(r"\s+and\s+", text, flags=re.IGNORECASE):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise _bad(f"Invalid filter: {text}")
        filters[match[1].lower()] = match[2]
    return filters


def _minutes(timespan: str) -> tuple[int, int]:
    try:
        start, end = (datetime.fromisoformat(part).timestamp() for part in timespan.split("/"))
    except (ValueError, TypeError) as error:
        raise _bad(f"Invalid timespan: {timespan}") from error
    first, last = int(start // MINUTE), int(-(-end // MINUTE))
    if not 0 < last - first <= MOST_POINTS:
        raise _bad(f"The timespan {timespan} must be longer than nothing and at most 31 days.")
    return first, last


def _last_hour() -> str:
    now = time.time()
    return f"{_time(int(now // MINUTE) - 60)}/{_time(int(now // MINUTE) + 1)}"


def _time(minute: int) -> str:
    return datetime.fromtimestamp(minute * MINUTE, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bad(message: str) -> ServiceError:
    return ServiceError(400, "BadRequest", message)
