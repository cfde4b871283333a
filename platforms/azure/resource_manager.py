"""Azure Resource Manager asked by plain HTTP: for what has no client in our SDKs, or where a quick answer counts."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import httpx

from lifecycle.names import Stage
from platforms.azure.answers import problem_in
from platforms.patience import patiently
from platforms.ports import Unavailable

MANAGEMENT = "https://management.azure.com"
ML_API = "2024-10-01"


class ResourceManager:
    """Asks with the identity of a stage. May be used from several threads at once.

    auth: A stage's identity for plain HTTP.
    timeout: Seconds that one try may take.
    patience: Seconds for which it asks again where the answer is Unavailable.
    """

    def __init__(self, auth: Callable[[Stage], httpx.Auth], timeout: float = 8.0, patience: float = 0.0) -> None:
        self._auth = auth
        self._patience = patience
        self._http = httpx.Client(timeout=timeout)
        weakref.finalize(self, self._http.close)

    def get(self, stage: Stage, path: str, api: str, **query: str) -> dict[str, Any]:
        """The answer. `path` is a resource id, or a whole address; NotFound, Refused (a role), Unavailable."""
        url = path if path.startswith("https://") else MANAGEMENT + path
        parameters = {"api-version": api, **query} if api else query
        return patiently(lambda: self._once(stage, url, parameters), self._patience)

    def all(self, stage: Stage, path: str, api: str, **query: str) -> list[dict[str, Any]]:
        """The members of a list, page by page."""
        answer = self.get(stage, path, api, **query)
        found: list[dict[str, Any]] = list(answer.get("value", []))
        while answer.get("nextLink"):
            answer = self.get(stage, answer["nextLink"], "")
            found += answer.get("value", [])
        return found

    def _once(self, stage: Stage, url: str, parameters: dict[str, str]) -> dict[str, Any]:
        try:
            answer = self._http.get(url, params=parameters, auth=self._auth(stage))
        except httpx.TransportError as error:
            host = httpx.URL(url).host
            raise Unavailable(f"{host} does not answer: {type(error).__name__} {error}") from None
        if not answer.is_success:
            raise problem_in(answer)
        content: dict[str, Any] = answer.json()
        return content
