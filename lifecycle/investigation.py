"""An investigation: what one opens to find out why something drifted, with all that it takes to look at it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from lifecycle.base import Frozen
from lifecycle.names import digest
from lifecycle.windows import Alarm, History
from lifecycle.workload import Monitor


class Slice(Frozen):
    """The data that it is about, pinned: whoever reads it again reads the same."""

    endpoint: str
    start: datetime  # UTC
    end: datetime  # UTC, not in it
    model_version: int
    dataset_version: str  # the reference is its hold-out
    rows: int
    blobs: tuple[str, ...] = Field(default=(), description="Of the prediction log, where it lies in our blob store")


class Segment(Frozen):
    """A group of rows that the window holds more or fewer of than the reference."""

    column: str
    values: str = Field(description="Which, in words: a category, a range")
    share: float  # of the window, 0..1
    reference_share: float


class Investigation(Frozen):
    """Written once when it is opened. It is open until there is a `Closing` of it."""

    id: str
    workload: str
    opened_at: datetime  # UTC
    alarms: tuple[Alarm, ...]
    slice: Slice
    segments: tuple[Segment, ...] = ()
    report: str | None = Field(default=None, description="The blob of the Evidently report")
    evidence: str = Field(description="The blob that the findings rest on")

    @property
    def subjects(self) -> set[tuple[str, str]]:
        """What it is about: an alarm of the same opens no other one."""
        return {alarm.about for alarm in self.alarms}

    @property
    def title(self) -> str:
        names = list(dict.fromkeys(alarm.subject for alarm in self.alarms))
        told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        kinds = " and ".join(sorted({alarm.kind for alarm in self.alarms}))
        return f"{self.workload}, version {self.slice.model_version}: {kinds} in {told}"


class Closing(Frozen):
    """That an investigation is over."""

    id: str
    closed_at: datetime  # UTC
    by: str  # a person or a policy
    because: str = Field(min_length=1)


def investigation_id(model_version: int, key: str) -> str:
    """One a decision: deciding the same again opens the same."""
    return f"{model_version}-{digest(key.encode(), 6)}"


def not_investigated(alarms: Sequence[Alarm], opened: Sequence[Investigation], model_version: int) -> list[Alarm]:
    """Those alarms that no open investigation of this model version is about."""
    known = {about for one in opened if one.slice.model_version == model_version for about in one.subjects}
    return [alarm for alarm in alarms if alarm.about not in known]


def closed_by_policy(
    one: Investigation, champion: int, end: datetime, monitor: Monitor, history: History
) -> str | None:
    """Why an open investigation is over, in words; None where it is not.

    Over: another version is the champion; or the last windows that do not overlap, `monitor.close_after` of them, could
    tell of all its subjects and saw none of them. history: of this window, too.
    """
    if champion != one.slice.model_version:
        return f"version {champion} is the champion now, and this was about version {one.slice.model_version}"
    quiet, moment = 0, end
    while quiet < monitor.close_after:
        record = next(history.before(moment), None)
        if record is None or record.start < one.slice.end or record.model_version != champion:
            return None
        found = [record.finding(about) for about in one.subjects]
        if any(finding is not None and finding.significant for finding in found):
            return None
        if all(finding is not None for finding in found):
            quiet += 1
            moment = record.start
        else:  # it could not tell: look at one that ended earlier
            moment = record.end - record.end.resolution
    return f"{monitor.close_after} windows after each other saw none of it"
