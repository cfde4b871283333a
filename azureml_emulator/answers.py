"""What the emulator has answered: which of its routes, how often, in which api-versions, and in what shape.

Evidence for those who claim what it can do: `GET CONTROL/routes` tells it, and the table of coverage is made of it.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from starlette.responses import Response

from azureml_emulator.routing import Call, Router, reply
from azureml_emulator.shapes import Shape, merged, shape_of, variant_of

_READ_WHOLE = 1 << 18  # bytes; the shape of a longer answer is not looked at


class Answers:
    """Counts successes by route; one for the whole application."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}

    def routes(self, router: Router) -> None:
        """At the controls' own address."""
        router.add("GET", "/_emulator/routes", self._tell)

    def note(self, route: str, call: Call, response: Response) -> None:
        """One answer of a route, `METHOD PATTERN`; failures are not counted, but their shape is kept."""
        answered = response.status_code < 400
        shape = _shape(response)
        with self._lock:
            entry = self._known.setdefault(route, {"answered": 0, "api_versions": [], "shapes": {}})
            entry["answered"] += answered
            version = call.query.get("api-version", "")
            if answered and version and version not in entry["api_versions"]:
                entry["api_versions"] = sorted([*entry["api_versions"], version])
            if shape is not None:
                key = f"{response.status_code} {shape[0]}".strip()
                entry["shapes"][key] = merged(entry["shapes"].get(key, {}), shape[1])

    def expect(self, route: str) -> None:
        """A route that there is, whether or not it is ever asked."""
        with self._lock:
            self._known.setdefault(route, {"answered": 0, "api_versions": [], "shapes": {}})

    def _tell(self, _call: Call) -> Response:
        with self._lock:
            return reply(self._known)


def _shape(response: Response) -> tuple[str, Shape] | None:
    body = getattr(response, "body", b"")
    if not body or len(body) > _READ_WHOLE or response.media_type != "application/json":
        return None
    content = json.loads(bytes(body))
    return variant_of(content), shape_of(content)
