"""Models that answer over HTTP, in slots that share the traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from platforms.ports.models import RegisteredModel


class SlotState(StrEnum):
    STARTING = "starting"
    HEALTHY = "healthy"
    FAILED = "failed"


@dataclass(frozen=True)
class Slot:
    """One deployment behind an endpoint (Azure's word: deployment), such as blue or green."""

    name: str
    state: SlotState
    tags: Mapping[str, str]  # at least model_version
    reason: str = ""  # why it failed


@dataclass(frozen=True)
class Endpoint:
    name: str
    scoring_url: str
    slots: Mapping[str, Slot]
    traffic: Mapping[str, int]  # slot name -> per cent; sums to 0 or 100
    tags: Mapping[str, str]
    mirror: Mapping[str, int] = field(default_factory=dict)  # slot name -> per cent of the requests that it gets too


@dataclass(frozen=True)
class Interval:
    """What a slot was asked in a second or a minute; copies count as requests."""

    start: datetime  # UTC
    requests: int
    errors: int  # 5xx, and no answer at all
    p95_ms: float | None = None  # the 95th percentile of its latencies; None: not known


@dataclass(frozen=True)
class Served:
    """A slot since some moment: intervals that are over, the same for all slots, and in the order of time."""

    intervals: tuple[Interval, ...]
    p95_ms: float | None  # None: not known

    @property
    def requests(self) -> int:
        return sum(one.requests for one in self.intervals)


class OnlineEndpoints(Protocol):
    """HTTP endpoints with slots and traffic. No call changes what another slot answers meanwhile.

    Scoring is not here: clients POST to `scoring_url` with `Authorization: Bearer KEY`; the header
    `azureml-model-deployment` reaches a slot whatever the traffic says.
    """

    def ensure(self, name: str, tags: Mapping[str, str]) -> Endpoint:
        """The endpoint, made without slots if it is not there. Refused for a name the service forbids."""

    def get(self, name: str) -> Endpoint:
        """NotFound where there is none."""

    def names(self) -> list[str]:
        """All endpoints."""

    def deploy(self, endpoint: str, slot: str, version: RegisteredModel, tags: Mapping[str, str]) -> Slot:
        """Start a slot on the registered model and return at once, mostly STARTING: poll `get`.

        With the same tags as the slot that is there and has not failed, nothing happens (that is how a killed
        caller carries on); with others, the slot is replaced. Refused for a slot with live traffic.
        """

    def set_traffic(
        self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None
    ) -> Endpoint:
        """Shares of requests by slot, and of the requests that another slot gets copies of, at once; none: no copies.

        Nobody waits for the answer to a copy. Refused unless shares sum to 0 or 100 and name healthy slots, and copies
        are of at most 50 % and for one slot that has no share. Some endpoints know no copies at all.
        """

    def delete_slot(self, endpoint: str, slot: str) -> None:
        """Stop and remove it; harmless where there is none. Refused while it has live traffic."""

    def logs(self, endpoint: str, slot: str, last_lines: int = 200) -> str:
        """The end of what the slot's server printed."""

    def key(self, endpoint: str) -> str:
        """The key that clients score with. A secret: never logged, never in an artifact."""

    def metrics(self, endpoint: str) -> dict[str, dict[str, Any]]:
        """By slot: requests, errors (5xx), p50_ms, p95_ms, p99_ms of the latest requests. None stands for not known.

        Where the gateway counts, also memory_mb, what the slot's server holds now, and start_s, from its start until
        it answered.

        How far back is the platform's: since the slot started where the gateway counts; on Azure the last hour, some
        minutes late, of the slots that were asked anything, with cpu_percent and memory_percent of their machines.
        """

    def served(self, endpoint: str, since: datetime) -> dict[str, Served]:
        """By slot, what it was asked in the intervals that began then or later and are over.

        How late that is known is the platform's: the gateway knows the last second, Azure some minutes ago.
        """
