"""A finding: what a check saw in a window, told so that a person or a policy can act on it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lifecycle.base import Frozen

FindingKind = Literal[
    "drift",  # inputs or predictions are distributed otherwise
    "performance",  # realised, by labels
    "estimate",  # performance estimated without labels: blind to a change of what inputs mean
    "quality",  # the data themselves: missing, out of range, unreadable
    "fairness",
    "attribution",
    "service",  # errors and latency
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Finding(Frozen):
    """One check of one thing. Inconclusive means that the window could not tell: it is neither fine nor an alarm."""

    kind: FindingKind
    subject: str = Field(min_length=1, description="The column or the metric")
    score: Finite | None = Field(description="What was measured; none where there was nothing to measure")
    threshold: Finite | None = Field(description="What the score was held against")
    significant: bool = Field(description="Something has to be told or done")
    conclusive: bool = Field(description="The window sufficed to tell")
    message: str = Field(min_length=1, description="One sentence for people, without its full stop")
    effect: Finite | None = Field(default=None, description="How far from what was expected, in the score's own unit")
    confidence: Share | None = Field(default=None, description="Of the interval behind the verdict, where there is one")
    unfit: bool = Field(default=False, description="Where significant: no model should learn from such data")

    @model_validator(mode="after")
    def _significance_is_conclusive(self) -> Self:
        if self.significant and not self.conclusive:
            raise ValueError(f"{self.kind} finding on {self.subject}: significant, but not conclusive")
        return self

    @property
    def about(self) -> tuple[str, str]:
        """Kind and subject: by these, findings of two windows are of the same thing."""
        return self.kind, self.subject

    @property
    def beyond(self) -> float:
        """How many times its threshold the score is; 0 where either is unknown, to sort by."""
        return abs(self.score / self.threshold) if self.score is not None and self.threshold else 0.0
