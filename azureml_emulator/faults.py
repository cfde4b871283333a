"""Failures on demand: the next answers of some routes are errors, or late."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field

from starlette.responses import Response

from azureml_emulator.errors import ServiceError
from azureml_emulator.routing import Call, Router, empty, reply

_CODES = {429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable"}


@dataclass
class Fault:
    """What happens to the next `times` calls whose `METHOD https://HOST/PATH` the pattern is found in."""

    pattern: str
    times: int = 1
    status: int | None = None
    code: str = ""
    message: str = "A fault that the emulator was told to make."
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    def response(self) -> Response | None:
        """The answer in place of the real one; none if the fault is only to be late."""
        if self.status is None:
            return None
        code = self.code or _CODES.get(self.status, "EmulatedFault")
        return reply(ServiceError(self.status, code, self.message).body(), self.status, self.headers)


class Faults:
    """The faults that are still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def routes(self, router: Router) -> None:
        """For tests, at the emulator's own address."""
        router.add("GET", "/_emulator/faults", lambda _: reply([asdict(fault) for fault in self._faults]))
        router.add("POST", "/_emulator/faults", self._add)
        router.add("DELETE", "/_emulator/faults", self._clear)

    def take(self, method: str, url: str) -> Fault | None:
        """The fault that meets a call, which is then one fewer."""
        for fault in self._faults:
            if fault.times > 0 and re.search(fault.pattern, f"{method} {url}", re.IGNORECASE):
                fault.times -= 1
                return fault
        return None

    def _add(self, call: Call) -> Response:
        try:
            fault = Fault(**call.json())
            re.compile(fault.pattern)
        except (TypeError, re.error) as error:
            raise ServiceError(400, "BadRequest", f"Not a fault: {error}") from error
        self._faults = [known for known in self._faults if known.times > 0] + [fault]
        return reply(asdict(fault), 201)

    def _clear(self, _call: Call) -> Response:
        self._faults = []
        return empty(204)
