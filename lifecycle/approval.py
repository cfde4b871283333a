"""The approval: on which evidence it rests, who or what may give it, and what makes it void. Pure.

An approval is an answer to a request, and a request is about one model version and the evidence that was gathered of
it. The evidence's digest stands in the answer: whoever uses the answer computes it again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from pydantic import Field

from lifecycle.base import Frozen
from lifecycle.identity import Identity

POLICY = "policy "  # what an approver's name starts with that is none of a person


class AutoIfBetter(Frozen):
    """Approved by policy where it is surely better by so much; else a person is asked."""

    auto_if_better_by: float = Field(ge=0, description="In the metric that decides: what the interval's lower end is")


ApprovalPolicy = Literal["auto", "human"] | AutoIfBetter


class Checked(Frozen):
    """One gate or one test in staging, and what was seen."""

    name: str
    passed: bool
    seen: str


class Compared(Frozen):
    """Challenger against champion on the same rows; above 0, `difference`, `low` and `high` are for the challenger."""

    metric: str
    champion: float | None
    challenger: float | None
    difference: float | None
    low: float | None
    high: float | None
    rows: int
    verdict: str


class Forced(Frozen):
    """That a release goes on though gates failed: who answers for it, and why."""

    by: Identity
    reason: str = Field(min_length=1)

    @property
    def told(self) -> str:
        """In words."""
        return f"forced by {self.by.told}: {self.reason}"


class Evidence(Frozen):
    """What an approval rests on. Gathered anew, it is other evidence, though every figure be the same."""

    workload: str
    model_version: int
    content: str  # the hash of the packed model
    dataset_version: str
    over: int | None  # the champion that it was compared with; None: there was none
    gathered_at: datetime  # UTC
    gates: tuple[Checked, ...]
    staging: tuple[Checked, ...] = ()  # of them, the contract of the slot, which no force excuses
    compared: Compared | None = None
    forced: Forced | None = None
    card: str = ""  # where the model card lies

    @property
    def digest(self) -> str:
        """64 hexadecimal digits of sha256 over all of it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def failed(self) -> tuple[Checked, ...]:
        """What did not pass, though a forced release may go on."""
        return tuple(check for check in (*self.gates, *self.staging) if not check.passed)

    @property
    def reason(self) -> str:
        """In words: what failed, or that nothing did."""
        return "; ".join(f"{check.name}: {check.seen}" for check in self.failed) or "every gate passed"


class Refusal(Frozen):
    """An answer that counted for nothing, and why."""

    at: datetime
    by: str
    why: str


class Request(Frozen):
    """That a version waits for an answer."""

    evidence: Evidence
    run: str  # the flow run that waits
    requester: Identity | None
    approvers: tuple[str, ...]
    verified: bool  # whether only a verified identity may answer
    audiences: dict[str, str] = Field(default_factory=dict)  # by issuer: whom a token must be for
    until: datetime  # UTC; silence until then rejects
    deadline_run: str | None = None  # the flow run that rejects it then
    refusals: tuple[Refusal, ...] = ()

    @property
    def key(self) -> str:
        """What Prefect knows this try by: an answer to another one is none to this."""
        return f"approval-{self.evidence.digest[:16]}-{len(self.refusals)}"


class Answer(Frozen):
    """What was answered, by whom, about exactly which evidence."""

    evidence: str  # its digest
    approved: bool
    by: Identity | None  # None: nobody answered in time, or the policy did
    policy: str | None = None  # which one approved
    comment: str = ""
    at: datetime  # UTC

    @property
    def told_by(self) -> str:
        """Who or what it was, in words."""
        if self.policy is not None:
            return f"{POLICY}{self.policy}"
        return "nobody" if self.by is None else self.by.told


def policy_approves(policy: ApprovalPolicy, evidence: Evidence) -> str | None:
    """The policy that approves by itself, in words; None where a person must be asked.

    Where there is no champion, or the interval has no lower end, nothing shows by how much it is better.
    """
    if policy == "auto":
        return "auto"
    if policy == "human":
        return None
    compared = evidence.compared
    if compared is None or compared.low is None or evidence.over is None:
        return None
    return f"auto_if_better_by {policy.auto_if_better_by:g}" if compared.low >= policy.auto_if_better_by else None


def void(
    evidence: Evidence, *, model_version: int, content: str | None, champion: int | None, dataset_version: str | None
) -> str | None:
    """Why evidence says nothing of what is there now, in words; None where it does."""
    if evidence.model_version != model_version:
        return f"the evidence is of version {evidence.model_version}"
    if evidence.content != content:
        return "the model is not the one that the evidence is of: its content's hash is another"
    if evidence.dataset_version != dataset_version:
        return f"the evidence is of a model trained on dataset {evidence.dataset_version}"
    if evidence.over != champion:
        return f"it was compared with {version_named(evidence.over)}, and {version_named(champion)} is the champion"
    return None


def why_unapproved(policy: ApprovalPolicy, evidence: Evidence, answer: Answer, *, verified: bool) -> str | None:
    """Why an answer is no approval of this evidence under this policy, in words; None where it is.

    verified: whether only a verified identity may approve, or force, here.
    """
    if answer.evidence != evidence.digest:
        return "the approval is of other evidence"
    if not answer.approved:
        return "the answer was no"
    if evidence.failed and evidence.forced is None:
        return f"it failed, and nobody forced it: {evidence.reason}"
    if verified and evidence.forced is not None and not evidence.forced.by.verified:
        return f"it was {evidence.forced.told}, and only a verified identity may force a release here"
    if answer.policy is not None:
        return (
            None if policy_approves(policy, evidence) == answer.policy else "the workload's policy does not approve it"
        )
    if answer.by is None:
        return "nobody approved it"
    if verified and not answer.by.verified:
        return f"{answer.by.told} approved it, and only a verified identity may do so here"
    return None


def version_named(version: int | None) -> str:
    """A version in words, or that there is none."""
    return "no champion" if version is None else f"version {version}"


def token_audience(audience: str, workload: str, model_version: int, purpose: str) -> str:
    """Whom a token must be for that is good for one decision only.

    purpose: `request`, or the digest of the evidence that is approved.
    """
    return f"{audience}/{workload}/{model_version}/{purpose}"
