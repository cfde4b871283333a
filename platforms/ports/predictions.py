"""What was asked in production, and what was answered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Predictions(Protocol):
    """What endpoints were asked and what they answered. Who scores decides when it is there: some seconds later."""

    def between(self, endpoint: str, start: datetime, end: datetime, copies: bool = False) -> pd.DataFrame:
        """Predictions of [start, end), a row each, in the order of time; an empty frame if there are none.

        Columns: correlation_id, time (UTC), model_version, slot, prediction, probability (of two classes),
        probabilities (of more: a dictionary), quantiles (a forecast's: a dictionary by level), caller
        (`TEST.ARM.HASH` of whoever asked while an A/B test ran; else missing), inputs (a dictionary).
        What was logged twice, with the same id and time, is told once; what was logged in part (a line cut short, a
        half missing) not at all. A caller may have given one id to several predictions: these are told apart by their
        times. copies: with the answers to mirrored requests, which nobody got; else without them, as far as the
        platform tells them apart.
        """
