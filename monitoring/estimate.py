"""What a model probably achieves while nobody has told the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal["CBPE", "DLE"]

BLIND_SPOT = (
    "It sees what other inputs do to the model. It is blind to concept drift: where the same inputs come to have "
    "other labels, it goes on saying what it said"
)
MINIMUM_ROWS = 300


@dataclass(frozen=True)
class Estimate:
    """A metric without labels, with the interval in which the metric by labels would fall, were the concept the same.

    value, low, high: None where the rows do not define the metric. reference_value: the same metric by labels on the
    reference. conclusive: there are enough rows, of the window and of the reference. blind_spot: what the number
    cannot know, in words; it belongs beside the number wherever that is shown.
    """

    method: Method
    metric: str
    value: float | None
    low: float | None
    high: float | None
    reference_value: float | None
    rows: int
    conclusive: bool
    reason: str = ""
    blind_spot: str = BLIND_SPOT

    @property
    def message(self) -> str:
        """In words, with the blind spot."""
        if self.value is None or self.low is None or self.high is None:
            return f"{self.metric} cannot be estimated: {self.reason}"
        told = f"{self.metric} is estimated ({self.method}) at {self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"
        told += f" on {self.rows} rows"
        told += f", {self.reference_value:.4g} on the reference" if self.reference_value is not None else ""
        return f"{told}. {self.blind_spot}"


def no_estimate(method: Method, metric: str, rows: int, reference_value: float | None, reason: str) -> Estimate:
    """That there is none, and why."""
    return Estimate(method, metric, None, None, None, reference_value, rows, False, reason)
