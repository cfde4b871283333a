"""Azure Resource Manager asked by plain HTTP: for what has no client in our SDKs, or where a quick answer counts."""

from __future__ import annotations

from typing import Any

import httpx

from lifecycle.names import Stage
from platforms.azure.answers import problem_in
from platforms.azure.clients import AzureClients
from platforms.ports import Unavailable

MANAGEMENT = "https://management.azure.com"
ML_API = "2024-10-01"


class ResourceManager:
    """Asks once, with the identity of a stage, and does not try again. May be used from several threads at once."""

    def __init__(self, clients: AzureClients, timeout: float = 8.0) -> None:
        self._clients = clients
        self._http = httpx.Client(timeout=timeout)

    def get(self, stage: Stage, path: str, api: str, **query: str) -> dict[str, Any]:
        """The answer. `path` is a resource id, or a whole address; NotFound, Refused (a role), Unavailable."""
        url = path if path.startswith("https://") else MANAGEMENT + path
        try:
            parameters = {"api-version": api, **query} if api else query
            answer = self._http.get(url, params=parameters, auth=self._clients.auth(stage))
        except httpx.TransportError as error:
            host = httpx.URL(url).host
            raise Unavailable(f"{host} does not answer: {type(error).__name__} {error}") from None
        if not answer.is_success:
            raise problem_in(answer)
        content: dict[str, Any] = answer.json()
        return content

    def all(self, stage: Stage, path: str, api: str, **query: str) -> list[dict[str, Any]]:
        """The members of a list, page by page."""
        answer = self.get(stage, path, api, **query)
        found: list[dict[str, Any]] = list(answer.get("value", []))
        while answer.get("nextLink"):
            answer = self.get(stage, answer["nextLink"], "")
            found += answer.get("value", [])
        return found
