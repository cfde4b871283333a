"""The audit: one entry for each thing that happened or was decided, written once and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lifecycle.base import Frozen

EntryKind = Literal[
    "ingested",
    "trained",
    "monitored",
    "decided",
    "investigated",
    "closed",
    "requested",
    "approved",
    "rejected",
    "stepped",
    "promoted",
    "refused",
    "rolled-back",
    "reconciled",
    "scored",
    "compared",
    "chosen",
    "sampled",
    "ab-began",
    "ab-ended",
]


class LedgerEntry(Frozen):
    """Who or what did it, to what, on which evidence, and what came of it."""

    kind: EntryKind
    key: str  # with the kind, unique in the workload: writing the same again changes nothing
    at: datetime  # UTC
    by: str  # a flow run, a policy or a person
    summary: str  # one sentence
    model_version: int | None = None
    dataset_version: str | None = None
    evidence: dict[str, Any] = Field(default_factory=dict)
