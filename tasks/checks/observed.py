"""What a check looks at: a window in production, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.alarms import Span
from monitoring.model_reference import ModelReference
from platforms.ports import RegisteredModel
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.observation import Window

CONFIDENCE = 0.99  # of the interval of a metric


@dataclass(frozen=True)
class Observed:
    """model: what the champion said of its hold-out; None where it was registered without."""

    context: Context
    champion: RegisteredModel
    span: Span
    reference: Holdout
    window: Window
    model: ModelReference | None

    @property
    def minimum_rows(self) -> int:
        """Below it a check is inconclusive."""
        return self.context.workload.monitor.minimum_rows

    @property
    def seasonal(self) -> bool:
        """Whether the rows are of a series, whose hold-out is one stretch of it."""
        return self.reference.manifest.forecast is not None

    @property
    def asked(self) -> bool:
        """Whether production was asked anything."""
        return not self.window.predictions.empty
