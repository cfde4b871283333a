"""What the gateway knows: endpoints, slots, traffic. Its rules are here; its processes and sockets are not."""

from __future__ import annotations

import json
import random
import re
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoring.gateway.history import History

STARTING, HEALTHY, FAILED = "starting", "healthy", "failed"
NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
LATENCIES_KEPT = 2000
MIRRORED_HEADER = "x-perennial-mirrored"  # how a slot is told that it answers a copy
MIRROR_LIMIT = 50  # per cent, as on Azure


class RuleBroken(ValueError):
    """What the service forbids; the code is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Slot:
    """A deployment behind an endpoint, and what it has answered since it started."""

    name: str
    folder: str
    tags: dict[str, str]
    state: str = STARTING
    reason: str = ""
    port: int = 0
    pid: int = 0  # of the server that answers; 0 before the first
    start_s: float | None = None  # from its start until it answered
    requests: int = 0
    errors: int = 0
    in_flight: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    history: History = field(default_factory=History)

    def ended(self, failed: bool, latency: float | None) -> None:
        """Count a request that has ended; the latency is in seconds, None where no answer came."""
        self.errors += failed
        if latency is not None:
            self.latencies.append(latency)
        self.history.add(failed, latency)

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "state": self.state, "tags": self.tags, "reason": self.reason}

    def metrics(self) -> dict[str, Any]:
        """Requests, errors (5xx) and percentiles in milliseconds of the latest requests."""
        ordered = sorted(self.latencies)
        shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
        percentiles = {
            name: round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 3) if ordered else None
            for name, share in shares.items()
        }
        return {"requests": self.requests, "errors": self.errors, **percentiles}


@dataclass
class Endpoint:
    """Slots and their shares of the traffic, behind one key."""

    name: str
    key: str
    tags: dict[str, str]
    slots: dict[str, Slot] = field(default_factory=dict)
    traffic: dict[str, int] = field(default_factory=dict)
    mirror: dict[str, int] = field(default_factory=dict)  # who gets copies, of how many per cent of the requests

    def choose(self, wanted: str | None) -> Slot | None:
        """The slot asked for, or one by the traffic's shares; None where there is none."""
        if wanted is not None:
            slot = self.slots.get(wanted)
            return slot if slot is not None and slot.port else None
        live = [(self.slots[name], share) for name, share in self.traffic.items() if share > 0]
        ready = [(slot, share) for slot, share in live if slot.state == HEALTHY] or live
        if len(ready) <= 1:
            return ready[0][0] if ready else None
        # Which of the shares a request falls into is no secret, so a fast generator will do.
        return random.choices([slot for slot, _ in ready], [share for _, share in ready])[0]  # noqa: S311

    def copies_to(self) -> Slot | None:
        """The slot that gets a copy of this request, if any does."""
        for name, share in self.mirror.items():
            slot = self.slots.get(name)
            if slot is not None and slot.state == HEALTHY and random.random() * 100 < share:  # noqa: S311
                return slot
        return None

    def set_traffic(self, traffic: Mapping[str, Any], mirror: Mapping[str, Any]) -> None:
        """New shares and copies at once, by the service's rules.

        Shares are whole per cent, that sum to 0 or 100, of healthy slots; at most half of the requests are copied, to
        one healthy slot without a share.
        """
        if not all(isinstance(share, int) and 0 <= share <= 100 for share in [*traffic.values(), *mirror.values()]):
            raise RuleBroken(400, "Traffic is whole per cent from 0 to 100.")
        if sum(traffic.values()) not in (0, 100):
            raise RuleBroken(409, f"Traffic must sum to 0 or 100; it sums to {sum(traffic.values())}.")
        if len(mirror) > 1 or any(
            share > MIRROR_LIMIT or (share and traffic.get(one)) for one, share in mirror.items()
        ):
            raise RuleBroken(409, f"At most {MIRROR_LIMIT} % are mirrored, to one slot that has no live traffic.")
        for name, share in [*traffic.items(), *mirror.items()]:
            slot = self.slots.get(name)
            if slot is None:
                raise RuleBroken(409, f"{self.name} has no slot {name}.")
            if share > 0 and slot.state != HEALTHY:
                raise RuleBroken(409, f"{self.name}/{name} is {slot.state}, and gets no traffic. {slot.reason}".strip())
        self.traffic, self.mirror = dict(traffic), {name: share for name, share in mirror.items() if share}

    def require_idle(self, slot: str) -> None:
        """RuleBroken for a slot with live or mirrored traffic, which can be neither replaced nor deleted."""
        if self.mirror.get(slot, 0) > 0:
            raise RuleBroken(409, f"{self.name}/{slot} gets copies of {self.mirror[slot]} % of the live traffic.")
        if self.traffic.get(slot, 0) > 0:
            raise RuleBroken(409, f"{self.name}/{slot} has {self.traffic[slot]} % of the live traffic.")

    def as_dict(self) -> dict[str, Any]:
        slots = {name: slot.as_dict() for name, slot in self.slots.items()}
        return {"name": self.name, "tags": self.tags, "slots": slots, "traffic": self.traffic, "mirror": self.mirror}


class Registry:
    """All endpoints, kept on disk so that a gateway that was killed comes back with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "endpoints"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.endpoints = {file.stem: self._load(file) for file in sorted(self.folder.glob("*.json"))}

    def ensure(self, name: str, tags: dict[str, str]) -> Endpoint:
        """The endpoint, made if it is not there."""
        if not NAME.fullmatch(name):
            raise RuleBroken(400, f"{name!r} is no endpoint's name: 3 to 32 of a-z, 0-9 and '-', a letter first.")
        if name not in self.endpoints:
            key_file = self.folder / f"{name}.key"
            key_file.touch(mode=0o600)
            key_file.write_text(secrets.token_urlsafe(32))
            self.endpoints[name] = Endpoint(name, key_file.read_text(), tags)
        self.endpoints[name].tags = tags
        self.save(self.endpoints[name])
        return self.endpoints[name]

    def get(self, name: str) -> Endpoint:
        """RuleBroken (404) where there is none."""
        if name not in self.endpoints:
            raise RuleBroken(404, f"There is no endpoint {name}.")
        return self.endpoints[name]

    def save(self, endpoint: Endpoint) -> None:
        """Write it, whole or not at all."""
        slots = {slot.name: {"folder": slot.folder, "tags": slot.tags} for slot in endpoint.slots.values()}
        content = {"tags": endpoint.tags, "traffic": endpoint.traffic, "mirror": endpoint.mirror, "slots": slots}
        temporary = self.folder / f".{endpoint.name}.part"
        temporary.write_text(json.dumps(content, indent=1))
        temporary.replace(self.folder / f"{endpoint.name}.json")

    def remove(self, name: str) -> None:
        """Forget the endpoint."""
        self.endpoints.pop(name, None)
        for ending in (".json", ".key"):
            (self.folder / f"{name}{ending}").unlink(missing_ok=True)

    def _load(self, file: Path) -> Endpoint:
        content = json.loads(file.read_text())
        endpoint = Endpoint(file.stem, file.with_suffix(".key").read_text(), content["tags"])
        endpoint.slots = {name: Slot(name, **slot) for name, slot in content["slots"].items()}
        endpoint.traffic, endpoint.mirror = content["traffic"], content.get("mirror", {})
        return endpoint
