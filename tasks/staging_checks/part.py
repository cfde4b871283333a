"""A part of the examination: its checks, and the figures behind them, for the run's page, the card and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lifecycle.base import Frozen
from platforms.ports import RegisteredModel, Unavailable
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.gates import Candidate
from tasks.staging import Check

Figure = dict[str, str | float | int | None]


class Part(Frozen):
    """What one part found. figures: a row each, all with the same keys, for people."""

    title: str
    checks: tuple[Check, ...]
    figures: tuple[Figure, ...] = ()

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Subject:
    """What is examined. champion_model: None where there is no champion. packed: the candidate's own folder."""

    context: Context
    candidate: Candidate
    champion: RegisteredModel | None
    champion_model: Any | None
    packed: Path

    @property
    def newest(self) -> Holdout:
        """The held-out rows that candidate and champion meet on."""
        return self.candidate.holdout.newest(self.context.workload.release.compare_rows)


Examination = Callable[[Subject], Part]


def examined(title: str, examination: Examination, subject: Subject) -> Part:
    """What a part finds; where it cannot be evaluated, a failed check that says why.

    Unavailable and httpx.TransportError pass: that a platform does not answer is no verdict on a model.
    """
    try:
        return examination(subject)
    except (Unavailable, httpx.TransportError):
        raise
    except Exception as error:  # whatever kept it from being evaluated
        reason = f"it cannot be evaluated: {type(error).__name__}: {error}"
        return Part(title=title, checks=(Check(title, False, reason[:1000]),))
