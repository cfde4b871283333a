"""The evidence of an approval in the blob store, with the answer to it: written once, read again by who relies on it.

Tags on a version say that it was approved. Whoever can write them can write anything there; so a promotion asks for
the evidence under the digest that the tags name, computes the digest anew, and compares it with the model, the
champion, the answer and the workload's policy. That finds tags written by hand or copied from another version, and
evidence changed afterwards. Whoever may write tags *and* blobs as staging does can still make up all of it: that is
for the roles of the identities to prevent.
"""

from __future__ import annotations

from lifecycle.approval import Answer, Evidence, void, why_unapproved
from lifecycle.names import approval_answer_blob, approval_evidence_blob
from lifecycle.tags import DATASET
from platforms.approvals import read_answer
from platforms.folder_digest import SHA256
from platforms.ports import NotFound, RegisteredModel
from tasks.approval import Approved, approval_by, not_approved
from tasks.context import Context


def keep(context: Context, evidence: Evidence) -> None:
    """Write it; again, it changes nothing."""
    name = approval_evidence_blob(evidence.workload, evidence.model_version, evidence.digest)
    context.platform.blobs.put_if_absent(name, evidence.model_dump_json().encode())


def keep_answer(context: Context, evidence: Evidence, answer: Answer) -> Answer:
    """Write the answer to it, or return the one that somebody else wrote first."""
    name = approval_answer_blob(evidence.workload, evidence.model_version, evidence.digest)
    if context.platform.blobs.put_if_absent(name, answer.model_dump_json().encode()):
        return answer
    return Answer.model_validate_json(context.platform.blobs.read(name))


def void_now(evidence: Evidence, version: RegisteredModel, champion: int | None) -> str | None:
    """Why it says nothing of the version as it is now, over that champion; None where it does."""
    return void(
        evidence,
        model_version=version.version,
        content=version.tags.get(SHA256),
        champion=champion,
        dataset_version=version.tags.get(DATASET),
    )


def require_evidence(context: Context, version: RegisteredModel, approved: Approved) -> None:
    """NotApproved where the approval on the version does not rest on evidence and an answer that are kept."""
    why = why_unfounded(context, version, approved)
    if why is not None:
        raise not_approved(version, why)


def why_unfounded(context: Context, version: RegisteredModel, approved: Approved) -> str | None:
    """Why the approval on a version rests on nothing, in words; None where all of it holds."""
    kept = _kept(context, version, approved.evidence)
    answer = None if kept is None else read_answer(context.platform.blobs, kept)
    if kept is None or answer is None:
        return "what its approval rests on is not kept under the digest that its tags name"
    if approval_by(answer, kept) != approved:
        return "its tags do not say what was answered"
    changed = void_now(kept, version, approved.over)
    if changed is not None:
        return changed
    asks = context.settings.approval.asks_for_identity
    return why_unapproved(context.workload.release.approval, kept, answer, verified=asks)


def _kept(context: Context, version: RegisteredModel, digest: str) -> Evidence | None:
    """The evidence under that digest, if it is what the digest says."""
    if not digest:
        return None
    try:
        content = context.platform.blobs.read(approval_evidence_blob(version.name, version.version, digest))
    except NotFound:
        return None
    evidence = Evidence.model_validate_json(content)
    return evidence if evidence.digest == digest else None
