"""A monitored window's record: what was seen in it, what of that was confirmed, what was asked for because of it.

Confirmation, cooldown and drift over time are computed from these records and nothing else. They are history: whoever
deletes them makes the service forget what it saw (a finding waits for its second window anew, an alarm is told again,
the picture over time starts afresh), and breaks nothing.

How windows relate in time: a window is `[start, end)`, and with `monitor.every` shorter than `monitor.window`
one begins before another has ended. Those share rows, so the second is bound to see what the first one saw, and
confirms nothing. Windows of another model version are of another reference: they do not count either.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, Protocol, Self

from pydantic import Field, model_validator

from lifecycle.base import Frozen
from lifecycle.findings import Finding, FindingKind

Outcome = Literal["steady", "inconclusive", "finding", "alarm"]


class Alarm(Frozen):
    """A finding that was confirmed, or whose kind needs no second window."""

    kind: FindingKind
    subject: str
    told_at: datetime = Field(description="UTC: the end of the window in which it was told last")
    message: str = Field(description="The finding's, in the window that raised it")
    confirms: str | None = Field(default=None, description="The earlier window, by its key, that saw the same")

    @property
    def about(self) -> tuple[str, str]:
        return self.kind, self.subject


class WindowRecord(Frozen):
    """One window, as small as it can be told. Written once under its key."""

    key: str
    workload: str
    start: datetime  # UTC
    end: datetime  # UTC, not in the window
    rows: int = Field(ge=0, description="Predictions")
    labelled: int = Field(ge=0, description="Of them, those whose label has come")
    model_version: int
    dataset_version: str
    findings: tuple[Finding, ...]
    alarms: tuple[Alarm, ...] = Field(description="New ones, and those that were told within the cooldown")
    asked: dict[str, datetime] = Field(description="When an action was last asked for, for this model version")
    outcome: Outcome
    evidence: str = Field(description="The blob that the findings rest on")

    @model_validator(mode="after")
    def _time_passes(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"window {self.key} ends before it starts")
        return self

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: WindowRecord) -> bool:
        """Whether a row may lie in both."""
        return self.start < other.end and other.start < self.end

    def finding(self, about: tuple[str, str]) -> Finding | None:
        """What the window says of that kind and subject, where it could tell."""
        return next((found for found in self.findings if found.about == about and found.conclusive), None)


class History(Protocol):
    """The records of a workload's windows."""

    def before(self, moment: datetime) -> Iterator[WindowRecord]:
        """Those that ended at or before the moment, the newest first; read as they are asked for."""
