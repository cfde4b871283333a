"""MLflow's published REST API (mlflow.org/docs/latest/api_reference/rest-api.html), spoken directly.

Importing mlflow takes 1.7 s and 130 MB, which every flow would pay before it does anything, and hold while it waits
for a job. Packing a model still goes through mlflow itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import httpx

from platforms.patience import patiently
from platforms.ports import NotFound, PlatformError, Refused, Unavailable
from platforms.trust import trust_for

_TRANSIENT = (429, 502, 503, 504)


class AlreadyThere(Refused):
    """Somebody has made it before."""


class MlflowRest:
    """One tracking server. Every call blocks, waits for a server that is just starting, and raises PlatformErrors."""

    def __init__(self, url: str, auth: httpx.Auth | None = None, patience_seconds: float = 30.0) -> None:
        self._patience = patience_seconds
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, auth=auth, timeout=60.0, verify=trust_for(self.url))
        weakref.finalize(self, self._http.close)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """A reading call, such as `runs/get`."""
        return self._json("GET", f"/api/2.0/mlflow/{path}", params=query)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """A writing or searching call."""
        return self._json("POST", f"/api/2.0/mlflow/{path}", json=body)

    def pages(self, path: str, field: str, **query: str) -> Iterator[dict[str, Any]]:
        """Everything in the answers' field, page by page."""
        token = ""
        while True:
            page = self.get(path, **query, **({"page_token": token} if token else {}))
            yield from page.get(field, [])
            token = page.get("next_page_token", "")
            if not token:
                return

    def upload(self, content: bytes, artifact_uri: str, path: str) -> None:
        """Write an artifact below a run's artifact URI, through the server."""
        self._call("PUT", f"{_ARTIFACTS}/{_place(artifact_uri)}/{path}", content=content)

    def delete(self, artifact_uri: str, path: str) -> None:
        """Gone afterwards, whether it was there or not."""
        with suppress(NotFound):
            self._call("DELETE", f"{_ARTIFACTS}/{_place(artifact_uri)}/{path}")

    def download(self, artifact_uri: str, path: str, folder: Path) -> None:
        """Every artifact below the path as a file below the folder. NotFound where there is none."""
        root = f"{_place(artifact_uri)}/{path}"
        files = list(self._files(root))
        if not files:
            raise NotFound(f"{artifact_uri} holds nothing under {path}.")
        for name in files:
            target = folder / PurePosixPath(name).relative_to(root)
            if not target.resolve().is_relative_to(folder.resolve()):
                raise Refused(f"{artifact_uri} holds an artifact outside of its folder: {name}.")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._call("GET", f"{_ARTIFACTS}/{name}").content)

    def _files(self, folder: str) -> Iterator[str]:
        for found in self._json("GET", _ARTIFACTS, params={"path": folder}).get("files", []):
            name = f"{folder}/{found['path']}"
            if found.get("is_dir"):
                yield from self._files(name)
            else:
                yield name

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._call(method, path, **more).json()
        return answer

    def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return patiently(lambda: self._once(method, path, **more), self._patience)

    def _once(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **more)
        except httpx.TransportError as cause:
            raise Unavailable(f"MLflow {method} {path}: {self.url} does not answer: {cause}") from cause
        if not response.is_success:
            raise _error(response, f"MLflow {method} {path}")
        return response


_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


def _place(artifact_uri: str) -> str:
    """Where the server keeps a run's artifacts: `mlflow-artifacts:/1/RUN/artifacts` without its scheme."""
    scheme, _, path = artifact_uri.partition(":")
    if scheme != "mlflow-artifacts":
        raise Refused(f"{artifact_uri}: this MLflow server does not serve artifacts (start it with --serve-artifacts).")
    return path.lstrip("/")


def _error(response: httpx.Response, what: str) -> PlatformError:
    try:
        content = response.json()
        code, message = str(content["error_code"]), str(content["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", response.text[:500]
    text = f"{what}: HTTP {response.status_code} {code}: {message}"
    if code == "RESOURCE_DOES_NOT_EXIST" or (not code and response.status_code == 404):
        return NotFound(text)
    if code == "RESOURCE_ALREADY_EXISTS":
        return AlreadyThere(text)
    return Unavailable(text) if response.status_code in _TRANSIENT else Refused(text)
