"""Online endpoints behind the gateway on loopback."""

from __future__ import annotations

import tempfile
import time
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from platforms.folder_digest import SHA256
from platforms.ports import (
    Endpoint,
    Interval,
    Models,
    NotFound,
    PlatformError,
    Refused,
    RegisteredModel,
    Served,
    Slot,
    SlotState,
    Unavailable,
)
from platforms.trust import trust_for

_PATIENCE_SECONDS = 15.0


class LocalOnlineEndpoints:
    """Implements `OnlineEndpoints` over the gateway's control plane."""

    def __init__(self, admin_url: str, token: str, models: Models) -> None:
        self._models = models
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=admin_url, headers=headers, timeout=60.0, verify=trust_for(admin_url))
        weakref.finalize(self, self._http.close)

    def ensure(self, name: str, tags: Mapping[str, str]) -> Endpoint:
        return _endpoint(self._call("PUT", f"/admin/endpoints/{name}", {"tags": dict(tags)}).json())

    def get(self, name: str) -> Endpoint:
        return _endpoint(self._call("GET", f"/admin/endpoints/{name}").json())

    def names(self) -> list[str]:
        names: list[str] = self._call("GET", "/admin/endpoints").json()["endpoints"]
        return names

    def deploy(self, endpoint: str, slot: str, version: RegisteredModel, tags: Mapping[str, str]) -> Slot:
        with tempfile.TemporaryDirectory() as name:
            model = self._models.fetch(version.name, version.version, Path(name))
            body = {
                "model_dir": str(model.resolve()),
                "tags": dict(tags),
                "model_sha256": version.tags.get(SHA256, ""),
            }
            return _slot(self._call("PUT", f"/admin/endpoints/{endpoint}/slots/{slot}", body).json())

    def set_traffic(
        self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None
    ) -> Endpoint:
        body = {"traffic": dict(traffic), "mirror": dict(mirror or {})}
        return _endpoint(self._call("PUT", f"/admin/endpoints/{endpoint}/traffic", body).json())

    def delete_slot(self, endpoint: str, slot: str) -> None:
        self._call("DELETE", f"/admin/endpoints/{endpoint}/slots/{slot}")

    def logs(self, endpoint: str, slot: str, last_lines: int = 200) -> str:
        return self._call("GET", f"/admin/endpoints/{endpoint}/slots/{slot}/logs?lines={last_lines}").text

    def key(self, endpoint: str) -> str:
        key: str = self._call("GET", f"/admin/endpoints/{endpoint}/keys").json()["primaryKey"]
        return key

    def metrics(self, endpoint: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self._call("GET", f"/admin/endpoints/{endpoint}/metrics").json()
        return found

    def served(self, endpoint: str, since: datetime) -> dict[str, Served]:
        path = f"/admin/endpoints/{endpoint}/served?since={since.timestamp()}"
        return {name: _served(found) for name, found in self._call("GET", path).json().items()}

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """One call; a gateway that is just being started again is waited for."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                response = self._http.request(method, path, json=body)
                break
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise Unavailable(f"{method} {path}: the gateway does not answer: {error}") from error
                time.sleep(0.2)
        if response.is_success:
            return response
        raise _error(response.status_code, f"{method} {path.partition('?')[0]}: {_message(response)}")


def _error(status: int, message: str) -> PlatformError:
    if status == 404:
        return NotFound(message)
    return Unavailable(message) if status >= 500 else Refused(message)


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}"


def _slot(content: Mapping[str, Any]) -> Slot:
    return Slot(content["name"], SlotState(content["state"]), content["tags"], content["reason"])


def _served(content: Mapping[str, Any]) -> Served:
    intervals = (Interval(datetime.fromtimestamp(at, UTC), *counts) for at, *counts in content["intervals"])
    return Served(tuple(intervals), content["p95_ms"])


def _endpoint(content: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        name=content["name"],
        scoring_url=content["scoring_url"],
        slots={name: _slot(slot) for name, slot in content["slots"].items()},
        traffic=content["traffic"],
        mirror=content["mirror"],
        tags=content["tags"],
    )
