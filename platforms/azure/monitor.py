"""Azure Monitor's metrics of a resource, by the minute, over its REST API."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError

from platforms.azure.answers import problem_in
from platforms.ports import PlatformError, Refused, Unavailable

ADDRESS = "https://management.azure.com"
_API = "2024-02-01"
_MOST_SERIES = 1000  # the service tells ten unless it is asked for more
_TRIES = 4
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Series:
    """One combination of dimensions (their names in small letters): the average by the minute, as a timestamp."""

    dimensions: Mapping[str, str]
    averages: Mapping[str, float]


class Monitor:
    """Asks with a credential. May be used from several threads at once."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential
        self._http = httpx.Client(base_url=ADDRESS, timeout=30.0)
        weakref.finalize(self, self._http.close)

    def metrics(
        self, resource: str, timespan: str, names: Sequence[str], dimensions: Sequence[str] = ()
    ) -> dict[str, list[Series]]:
        """The metrics by name. NotFound where there is no such resource, Refused for a name that it does not have."""
        query = {
            "api-version": _API,
            "metricnames": ",".join(names),
            "timespan": timespan,
            "interval": "PT1M",
            "aggregation": "average",
        }
        if dimensions:
            query |= {"$filter": " and ".join(f"{name} eq '*'" for name in dimensions), "top": str(_MOST_SERIES)}
        answer = self._get(resource, query)
        found: dict[str, list[Series]] = {name: [] for name in names}
        for metric in answer.get("value", []):
            found[metric["name"]["value"]] = [_series(element) for element in metric.get("timeseries", [])]
        return found

    def _get(self, resource: str, query: Mapping[str, str]) -> dict[str, Any]:
        """One answer; what may pass is tried again, after the time that the service names or 1, 2 and 4 seconds."""
        for attempt in range(_TRIES):
            pause = 2.0**attempt
            try:
                path = f"{resource}/providers/Microsoft.Insights/metrics"
                response = self._http.get(path, params=query, headers=self._authorization())
            except httpx.TransportError as error:
                problem: PlatformError = Unavailable(f"Metrics of {resource}: {ADDRESS} does not answer: {error}")
            else:
                if response.is_success:
                    content: dict[str, Any] = response.json()
                    return content
                problem = problem_in(response, f"Metrics of {resource}")
                pause = _seconds(response.headers.get("Retry-After"), pause)
            if not isinstance(problem, Unavailable) or attempt == _TRIES - 1:
                break
            time.sleep(min(pause, _LONGEST_WAIT_SECONDS))
        raise problem

    def _authorization(self) -> dict[str, str]:
        try:
            token = self._credential.get_token(f"{ADDRESS}/.default").token
        except ClientAuthenticationError as error:
            raise Refused(f"No token for {ADDRESS}: {error.message.partition(chr(10))[0]}") from None
        return {"Authorization": f"Bearer {token}"}


def _series(element: Mapping[str, Any]) -> Series:
    """Minutes without a measurement have a point, but no value in it."""
    dimensions = {one["name"]["value"].lower(): str(one["value"]) for one in element.get("metadatavalues", [])}
    points = element.get("data", [])
    return Series(dimensions, {one["timeStamp"]: one["average"] for one in points if one.get("average") is not None})


def _seconds(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text else otherwise
    except ValueError:  # a date, which Azure does not send
        return otherwise
