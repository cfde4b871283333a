"""A decision in words, from its ledger entry: what was seen and confirmed, what followed, what stood in the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from lifecycle.decision import Decision
from lifecycle.findings import Finding
from lifecycle.ledger import LedgerEntry
from lifecycle.windows import Alarm

_SHOWN = 12
_FOLLOWS = {
    "roll_back": "the traffic goes back to the version before",
    "retrain": "a retraining was asked for",
    "annotate": "annotations were asked for",
    "investigate": "it is investigated",
    "notify": "people were told",
}


class DecisionEvidence(BaseModel):
    """What a decision rests on, as its ledger entry holds it; entries written before these fields were lack them."""

    start: datetime | None = None  # of the window, UTC
    end: datetime | None = None
    rows: int | None = None
    labelled: int | None = None
    findings: tuple[Finding, ...] = ()
    raised: tuple[Alarm, ...] = ()
    standing: tuple[Alarm, ...] = ()
    awaiting: tuple[Finding, ...] = ()
    decision: Decision | None = None
    blob: str | None = None  # column by column
    investigation: str | None = None


def explain(entry: LedgerEntry) -> str:
    """A text of several lines, for people. entry: of the kind `decided`."""
    evidence = DecisionEvidence.model_validate_json(json.dumps(entry.evidence))
    action = evidence.decision.action if evidence.decision else entry.summary.partition(":")[0]
    reason = evidence.decision.reason if evidence.decision else entry.summary.partition(": ")[2]
    parts = [
        f"Decided at {entry.at:%Y-%m-%d %H:%M:%S} UTC by {entry.by}: {action.replace('_', ' ')}.",
        _looked_at(entry, evidence),
        _list("What was seen", _seen(evidence.findings)),
        _list("Inconclusive, which is not the same as fine", [one.message for one in _unclear(evidence.findings)]),
        _list("Confirmed, or of a kind that acts at once", [_raised(alarm) for alarm in evidence.raised]),
        _list("Known already", [_standing(alarm) for alarm in evidence.standing]),
        _list("Waits for a second window that does not overlap", [finding.message for finding in evidence.awaiting]),
        f"What the policy made of it: {_follows(evidence.decision, action)}.",
        _list("What stood in the way of a retraining", evidence.decision.obstacles if evidence.decision else ()),
        f"In a sentence: {reason}",
        f"Investigation {evidence.investigation} is open." if evidence.investigation else "",
        f"Column by column: blob {evidence.blob}" if evidence.blob else "",
    ]
    return "\n".join(part for part in parts if part)


def _looked_at(entry: LedgerEntry, evidence: DecisionEvidence) -> str:
    told = f"It is about version {entry.model_version}, trained on dataset {entry.dataset_version}"
    if evidence.start is None or evidence.end is None:
        return f"{told}."
    return (
        f"{told}, in the window from {evidence.start:%Y-%m-%d %H:%M} to {evidence.end:%Y-%m-%d %H:%M} UTC: "
        f"{evidence.rows} predictions, {evidence.labelled} of them labelled."
    )


def _seen(findings: Sequence[Finding]) -> list[str]:
    """The significant ones, those furthest beyond their thresholds first, and how many were quiet."""
    seen = sorted((one for one in findings if one.significant), key=lambda one: one.beyond, reverse=True)
    told = [one.message for one in seen[:_SHOWN]]
    if len(seen) > _SHOWN:
        told.append(f"{len(seen) - _SHOWN} more")
    quiet = sum(one.conclusive and not one.significant for one in findings)
    if quiet:
        told.append(f"{quiet} {'check' if quiet == 1 else 'checks'} saw nothing")
    return told


def _unclear(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if not finding.conclusive]


def _raised(alarm: Alarm) -> str:
    return f"{alarm.message}; {f'window {alarm.confirms} saw it too' if alarm.confirms else 'at once'}"


def _standing(alarm: Alarm) -> str:
    return f"{alarm.message}; told at {alarm.told_at:%Y-%m-%d %H:%M} UTC"


def _follows(decision: Decision | None, action: str) -> str:
    actions = decision.actions if decision is not None else (action,)
    told = [_FOLLOWS[one] for one in actions if one in _FOLLOWS]
    return ", ".join(told) or "nothing follows"


def _list(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  - {line}" for line in lines)]) if lines else ""
