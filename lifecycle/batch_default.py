"""Which version scores files where nobody names one: the rule, and what is written of each version.

The champion does, as long as nobody used what another version scored. Where files were scored by default before, the
version that did so goes on until the champion has scored the last of these batches, too, and was found fit, or until
a person says so. The state is what is deployed and written: the batch endpoint's default, and a tag on the champion.
What was once found fit stays so: after a rollback the champion before scores again without another comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from pydantic import Field

from lifecycle.base import Frozen
from lifecycle.names import batch_comparison_key
from lifecycle.tags import BATCH

BatchVerdict = Literal["accepted", "refused", "unclear"]
NO_BATCH = "-"  # in the place of a batch's key, where a person decided, or there was nothing to compare
_MOST_WORDS = 2000  # characters


class BatchLimits(Frozen):
    """How a new version is compared on the last batch before it scores the next; none: not limited, only told.

    The distance of the predictions and the losses are limited by `release.live`, as while both are asked online.
    """

    files: int = Field(default=20, ge=1, le=1000, description="Of the last batch, that the new version scores, too")
    rows: int = Field(default=200_000, ge=100, le=5_000_000, description="Of these files, that are compared, at most")
    lost: float | None = Field(
        default=0.01, ge=0, le=1, description="Share of the rows that were scored before and by the new version are not"
    )
    changed: float | None = Field(default=None, ge=0, le=1, description="Share of the rows with another prediction")


@dataclass(frozen=True)
class BatchWord:
    """What is written on a version about scoring batches by default."""

    verdict: BatchVerdict
    over: int | None  # the version that scored by default then; None: none did
    batch: str  # the key of the batch that both scored, or NO_BATCH
    why: str

    def as_tag(self) -> Mapping[str, str]:
        return {BATCH: f"{self.verdict} {self.over or 0} {self.batch} {self.why[:_MOST_WORDS]}"}

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Self | None:
        """None where nothing that is ours is written."""
        parts = tags.get(BATCH, "").split(" ", 3)
        if len(parts) != 4 or parts[0] not in get_args(BatchVerdict) or not parts[1].isdecimal():
            return None
        return cls(cast("BatchVerdict", parts[0]), int(parts[1]) or None, parts[2], parts[3])


@dataclass(frozen=True)
class BatchComparison:
    """Two versions and the batch that the one before completed last."""

    challenger: int
    over: int
    batch: str  # its key

    @property
    def key(self) -> str:
        return batch_comparison_key(self.challenger, self.over, self.batch)


@dataclass(frozen=True)
class BatchStanding:
    """What decides. All of it is read anew each time."""

    champion: int | None
    word: BatchWord | None  # on the champion
    default: int | None  # the version behind the batch endpoint's default; None: no endpoint, or none is
    last_batch: str | None  # the key of the newest batch that the default version completed; None: none

    @property
    def scorer(self) -> int | None:
        """The version that scores where none is named; None: there is none."""
        if self.champion is None or self.default is None:
            return self.champion or self.default
        if self.word is not None and self.word.verdict == "accepted":
            return self.champion
        refused = self.word is not None and self.word.verdict == "refused" and self.word.over == self.default
        return self.default if refused or self.last_batch is not None else self.champion

    @property
    def due(self) -> BatchComparison | None:
        """How the champion is to be compared: if it was not yet, or inconclusively on an earlier batch."""
        if self.champion is None or self.default is None or self.last_batch is None or self.scorer == self.champion:
            return None
        word = self.word
        done = word is not None and word.over == self.default
        again = word is not None and word.verdict == "unclear" and word.batch != self.last_batch
        return None if done and not again else BatchComparison(self.champion, self.default, self.last_batch)
