"""The approval: what staging hands to production, as tags on the model version, and when it holds no longer.

A release approves a version over the champion that it was compared with. Whoever promotes it asks again whether that
is still what it would replace: two candidates may both have been approved, and one of them was promoted since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.approval import Answer, Evidence, version_named
from lifecycle.names import CHAMPION
from lifecycle.tags import (
    APPROVED_AT,
    APPROVED_BY,
    APPROVED_EVIDENCE,
    APPROVED_OVER,
    FORCED,
    PROMOTED_AT,
    REASON,
    VERDICT,
)
from platforms.ports import RegisteredModel
from tasks.context import Context

_NONE = "none"


class NotApproved(RuntimeError):
    """No release approved the version, or production is not what it was approved for."""


@dataclass(frozen=True)
class Approved:
    """That a version may replace what it was compared with."""

    by: str  # a policy or a person
    at: str  # ISO 8601, UTC; with the version, the name of this approval
    over: int | None  # the champion then; None: there was none
    evidence: str = ""  # the digest of what it rests on; empty: approved before there was any
    forced: str = ""  # by whom and why, where gates that failed did not stop it


def approve(
    context: Context, version: RegisteredModel, approved: Approved, more: Mapping[str, str] | None = None
) -> None:
    """Write it on the version, with more tags. The verdict comes last: with it, the approval is whole."""
    tags = {
        **(more or {}),
        APPROVED_BY: approved.by,
        APPROVED_AT: approved.at,
        APPROVED_OVER: _NONE if approved.over is None else str(approved.over),
        APPROVED_EVIDENCE: approved.evidence,
        **({FORCED: approved.forced} if approved.forced or FORCED in version.tags else {}),
        VERDICT: "approved",
    }
    context.platform.models.tag(context.name, version.version, tags)


def approval_by(answer: Answer, evidence: Evidence) -> Approved:
    """The approval that an answer is."""
    forced = "" if evidence.forced is None else evidence.forced.told
    return Approved(answer.told_by, answer.at.isoformat(), evidence.over, evidence.digest, forced)


def approval_of(version: RegisteredModel) -> Approved | None:
    """The approval that waits for its promotion; None where none is whole, or it was promoted or rejected since."""
    tags = version.tags
    if tags.get(VERDICT) != "approved" or not {APPROVED_BY, APPROVED_AT, APPROVED_OVER} <= tags.keys():
        return None
    over = None if tags[APPROVED_OVER] == _NONE else int(tags[APPROVED_OVER])
    return Approved(
        tags[APPROVED_BY], tags[APPROVED_AT], over, tags.get(APPROVED_EVIDENCE, ""), forced=tags.get(FORCED, "")
    )


def overtaken(
    version: RegisteredModel, approved: Approved, current: int | None, versions: Sequence[RegisteredModel]
) -> str | None:
    """Why the approval holds no longer, in words; None where it does.

    current: what serves, or the champion. versions: all of the model.
    """
    if current == version.version:
        return None
    newer = [
        other.version for other in versions if other.version > version.version and _promoted_since(other, approved)
    ]
    if newer:
        return f"version {max(newer)}, which is newer, was promoted since it was approved"
    if current != approved.over:
        return (
            f"it was compared with {version_named(approved.over)}, and {version_named(current)} is the champion since"
        )
    return None


def waits_for_promotion(context: Context, version: int) -> bool:
    """Whether it was approved over what is the champion now. NotFound where there is no such version."""
    models = context.platform.models
    champion, found = models.by_alias(context.name, CHAMPION), models.get(context.name, version)
    approved = approval_of(found)
    if approved is None:
        return False
    current = None if champion is None else champion.version
    return overtaken(found, approved, current, models.versions(context.name)) is None


def require_approval(version: RegisteredModel, current: int | None, versions: Sequence[RegisteredModel]) -> Approved:
    """The approval under which the version may replace the current one. NotApproved says why it may not."""
    approved = approval_of(version)
    if approved is None:
        verdict = version.tags.get(VERDICT)
        told = {"rejected": f"it was rejected: {version.tags.get(REASON, '')}", "promoted": "it was promoted before"}
        why = f"no release approved it ({told[verdict]})" if verdict in told else "no release approved it"
    else:
        why = overtaken(version, approved, current, versions) or ""
        if not why:
            return approved
    raise not_approved(version, why)


def not_approved(version: RegisteredModel, why: str) -> NotApproved:
    """The refusal, in words."""
    return NotApproved(
        f"Version {version.version} of {version.name} is not promoted: {why}. To have it, release it again."
    )


def _promoted_since(other: RegisteredModel, approved: Approved) -> bool:
    promoted = other.tags.get(PROMOTED_AT)
    return promoted is not None and datetime.fromisoformat(promoted) > datetime.fromisoformat(approved.at)
