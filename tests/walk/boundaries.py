"""Where a flow can be harmed: the calls of an undisturbed run, in their order, as it wrote them down itself.

Nothing is listed by hand: a call that is new in the code is a boundary the next time it is recorded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

EFFECTS = (
    "blobs.write",
    "blobs.put_if_absent",
    "blobs.delete",
    "endpoints.ensure",
    "endpoints.deploy",
    "endpoints.set_traffic",
    "endpoints.delete_slot",
    "models.tag",
    "models.set_alias",
    "event",
    "start",
)


@dataclass(frozen=True)
class Call:
    """One call of a port, an event or the start of another flow."""

    what: str  # the port's method, with what tells it from others of its kind
    where: str  # the function of ours that called
    number: int  # from 1, of the same what and where: what polls calls often

    @property
    def effect(self) -> bool:
        """Whether it changes anything."""
        return self.what.startswith(EFFECTS)

    @property
    def of_platform(self) -> bool:
        """Whether the platform answers it, and so may refuse."""
        return not self.what.startswith(("event", "start"))

    def __str__(self) -> str:
        return f"{self.what} in {self.where}" + (f" ({self.number})" if self.number > 1 else "")


def write_down(journal: Path, call: Call) -> None:
    """Append it, so that it is there whatever becomes of the process."""
    with journal.open("a") as file:
        file.write(json.dumps(asdict(call)) + "\n")


def read_journal(journal: Path) -> list[Call]:
    """All calls of a run, in their order; none where it made none."""
    if not journal.exists():
        return []
    return [Call(**json.loads(line)) for line in journal.read_text().splitlines()]


def effects(calls: Sequence[Call]) -> list[Call]:
    """Each change. What stands after one of them stands before the next one, so killing after each is enough."""
    return [call for call in calls if call.effect]


def answers(calls: Sequence[Call]) -> list[Call]:
    """Each call that the platform answers: changes all, and of what only reads the first of each place."""
    return [call for call in calls if call.of_platform and (call.effect or call.number == 1)]


def changes(calls: Sequence[Call]) -> list[Call]:
    """Each change that the platform makes."""
    return [call for call in calls if call.of_platform and call.effect]
