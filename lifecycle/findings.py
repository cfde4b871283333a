"""A finding: what a check saw in a window, told so that a person or a policy can act on it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lifecycle.base import Frozen

FindingKind = Literal["drift", "performance", "quality", "service"]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Finding(Frozen):
    """One check of one thing. Inconclusive means that the window could not tell: it is neither fine nor an alarm."""

    kind: FindingKind
    subject: str = Field(min_length=1, description="The column or the metric")
    score: Finite | None = Field(description="What was measured; none where there was nothing to measure")
    threshold: Finite | None = Field(description="What the score was held against")
    significant: bool = Field(description="Something has to be told or done")
    conclusive: bool = Field(description="The window sufficed to tell")
    message: str = Field(min_length=1, description="One sentence for people, without its full stop")

    @model_validator(mode="after")
    def _significance_is_conclusive(self) -> Self:
        if self.significant and not self.conclusive:
            raise ValueError(f"{self.kind} finding on {self.subject}: significant, but not conclusive")
        return self
