"""What was said to a service and what it answered, by form alone: no values, no ids, no secrets.

Recorded where requests and httpx send, since every SDK in use ends there. A line of the transcript is an exchange.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import requests

from deployments.azure.shapes import Shape, mask_key, shape_of

# What differs between one subscription and another, besides the names that the settings tell.
_MASKS = (
    (re.compile(r"^[^./]+(?=\.(blob|dfs|queue|file)\.core\.)"), "{account}"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE), "{guid}"),
    (re.compile(r"\b[0-9a-f]{12,}\b", re.IGNORECASE), "{hex}"),
    (re.compile(r"(?<=/)\d+(?=/|$)"), "{n}"),
    (re.compile(r"(?<=/)tmp[a-z0-9_]{8}(?=/|$)"), "{tmp}"),
)


class Transcript:
    """Exchanges, in the order in which they ended. `names`: what to write instead of a name that is somebody's own.

    `scratch` is the stem of all names that were made up for the occasion.
    """

    def __init__(self, names: Mapping[str, str], scratch: str) -> None:
        self._scratch = scratch
        self._names = sorted(names.items(), key=lambda pair: -len(pair[0]))  # the longest first: one may hold another
        self._lock = threading.Lock()
        self.exchanges: list[dict[str, Any]] = []

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Everything that this process sends meanwhile, in whatever thread, but to this machine itself."""
        session, client = requests.Session.send, httpx.Client.send

        def by_requests(this: requests.Session, request: Any, **more: Any) -> requests.Response:
            answer = session(this, request, **more)
            self._add(request.method, request.url, request.body, answer.status_code, _of_requests(answer))
            return answer

        def by_httpx(this: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
            answer = client(this, request, **more)
            content = None if more.get("stream") else answer.content
            self._add(request.method, str(request.url), _content(request), answer.status_code, content)
            return answer

        requests.Session.send, httpx.Client.send = by_requests, by_httpx  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            requests.Session.send, httpx.Client.send = session, client  # type: ignore[method-assign]

    def write(self, file: Path) -> None:
        """A line of JSON an exchange."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            file.write_text("".join(json.dumps(one, sort_keys=True) + "\n" for one in self.exchanges))

    def masked(self, text: str) -> str:
        """Without what is somebody's own."""
        text = text.replace(self._scratch, "{scratch}")
        for name, instead in self._names:
            # Whole words: a workspace called `staging` is no part of an endpoint's name that ends so.
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", instead, text, flags=re.IGNORECASE)
        for pattern, instead in _MASKS:
            text = pattern.sub(instead, text)
        return text

    def _add(self, method: str, url: str, sent: Any, status: int, answered: bytes | None) -> None:
        parts = urlsplit(url)
        if parts.hostname in ("127.0.0.1", "localhost"):
            return
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        exchange = {
            "method": method,
            "url": f"https://{self.masked(parts.hostname or '')}{self.masked(parts.path)}",
            "api_version": query.pop("api-version", ""),
            "query": sorted(mask_key(name) for name in query if name.lower() not in _SIGNATURE),
            "status": status,
            "sent": self._shape(sent),
            "answered": self._shape(answered),
        }
        with self._lock:
            self.exchanges.append(exchange)

    def _shape(self, content: Any) -> Shape | None:
        """Of JSON; None of anything else, which is somebody's data, or a form that may hold a secret."""
        if isinstance(content, str):
            content = content.encode()
        if not isinstance(content, bytes):
            return None
        with suppress(ValueError):
            return shape_of(json.loads(content), self.masked)
        return None


# A SAS's parameters: not all services give the same ones.
_SIGNATURE = {"sv", "ss", "srt", "sr", "sp", "st", "se", "spr", "sig", "skoid", "sktid", "skt", "ske", "sks", "skv"}


def _of_requests(answer: requests.Response) -> bytes | None:
    """The body where it is JSON. Anything else is left unread: whoever asked may want it as a stream."""
    return answer.content if "json" in answer.headers.get("Content-Type", "") else None


def _content(request: httpx.Request) -> bytes | None:
    try:
        return request.content
    except httpx.RequestNotRead:
        return None
