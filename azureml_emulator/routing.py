"""A call, and the table that finds who answers it. Azure's paths are matched without regard to case."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from azureml_emulator.errors import ServiceError

WORKSPACE = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
)


REGISTRY = (
    "/mferp/managementfrontend/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/registries/{registry}"
)


@dataclass(frozen=True)
class Call:
    """One request, read whole."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]
    content: bytes = b""
    client: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> str:
        return self.parts["workspace"]

    @property
    def scope(self) -> str:
        """Under what the store keeps what the path names: a workspace, or `registry:NAME`."""
        return self.parts.get("workspace") or f"registry:{self.parts['registry']}"

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object; an empty one counts as empty."""
        if not self.content:
            return {}
        try:
            body = json.loads(self.content)
        except ValueError as error:
            raise ServiceError(400, "BadRequest", f"The request body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise ServiceError(400, "BadRequest", "The request body is not a JSON object.")
        return body


Handler = Callable[[Call], Response]


class Router:
    """Method and path pattern to handler; the first that matches answers."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], str, Handler]] = []

    @property
    def names(self) -> list[str]:
        """`METHOD PATTERN` of every route."""
        return [f"{method} {name}" for method, _, name, _ in self._routes]

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """`{name}` matches one segment of a path, `{name*}` the rest of it."""
        expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
        expression = re.sub(r"\\\{(\w+)\\\*\\\}", r"(?P<\1>.*)", expression)
        self._routes.append((method, re.compile(expression + "/?", re.IGNORECASE), pattern, handler))

    def add_resource(self, one: str, all: Handler, get: Handler, put: Handler, delete: Handler) -> None:
        """The routes that every kind of resource has: `one` is the pattern of a single one, all of them lie above."""
        self.add("GET", one.rpartition("/")[0], all)
        self.add("GET", one, get)
        self.add("PUT", one, put)
        self.add("DELETE", one, delete)

    def find(self, method: str, path: str) -> tuple[str, Handler, dict[str, str]] | None:
        """The route's name (`METHOD PATTERN`), who answers, and the named parts of the path."""
        for known_method, pattern, name, handler in self._routes:
            match = pattern.fullmatch(path) if known_method in (method, "*") else None
            if match is not None:
                return f"{known_method} {name}", handler, match.groupdict()
        return None


def reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return JSONResponse(body, status, dict(headers or {}))


def empty(status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body."""
    return Response(status_code=status, headers=dict(headers or {}))
