"""Going back from a champion to another version: decided by one tag, and by it carried on after a kill.

The tag stands on the version that is left until that one is approved anew. It is written first, the alias last: while
the champion bears it, something of going back remains to be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lifecycle.tags import APPROVED_AT, LEFT, PROMOTED_AT, REASON, ROLLOUT, VERDICT


@dataclass(frozen=True)
class Return:
    """From a version to another, when and why."""

    left: int
    back: int
    at: datetime  # UTC: when it was decided
    reason: str

    @property
    def key(self) -> str:
        """Names it: told twice, it is told once."""
        return f"{self.left}-{self.back}-{self.at.isoformat()}"

    def as_tag(self) -> str:
        return f"{self.back} {self.at.isoformat()} {self.reason[:4000]}"

    @classmethod
    def of(cls, left: int, tags: Mapping[str, str]) -> Self | None:
        """What the tags of a version say of its being left; None where it was not, or was approved since."""
        try:
            back, at, reason = tags.get(LEFT, "").split(" ", 2)
            found = cls(left, int(back), datetime.fromisoformat(at), reason)
        except ValueError:
            return None
        approved = tags.get(APPROVED_AT)
        return None if approved is not None and found.at < datetime.fromisoformat(approved) else found

    @classmethod
    def of_rollout(cls, challenger: int, champion: int, tags: Mapping[str, str]) -> Self | None:
        """What a rollout that was ended was: from the challenger to the champion. None where none was ended."""
        if tags.get(VERDICT) != "rejected" or not tags.get(ROLLOUT) or APPROVED_AT not in tags:
            return None
        return cls(challenger, champion, datetime.fromisoformat(tags[APPROVED_AT]), tags.get(REASON, ""))


def goes_forth(left: Mapping[str, str], back: Mapping[str, str]) -> bool:
    """Whether the version to go to came after the one that is left, by their tags; then one may go back from it."""
    return back.get(PROMOTED_AT, "") > left.get(PROMOTED_AT, "")
