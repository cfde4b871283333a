"""Approval: by which policy, by whom, and on which evidence; whatever changed since makes it void."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from lifecycle.approval import (
    Answer,
    ApprovalPolicy,
    AutoIfBetter,
    Checked,
    Compared,
    Evidence,
    Forced,
    Request,
    policy_approves,
    void,
    why_unapproved,
)
from lifecycle.identity import Identity, typed, why_not
from lifecycle.workload import Release

AT = datetime(2026, 5, 2, tzinfo=UTC)
ADA = Identity(subject="entra:aaaaaaaa-0000-0000-0000-000000000001", verified=True, detail="Ada")
EVE = Identity(subject="entra:eeeeeeee-0000-0000-0000-000000000002", verified=True)
JOB = Identity(subject="github:octo/models:production", verified=True)


def compared(low: float | None) -> Compared:
    return Compared(
        metric="roc_auc",
        champion=0.8,
        challenger=0.9,
        difference=0.1,
        low=low,
        high=0.2,
        rows=500,
        verdict="better",
    )


def evidence(**changes: Any) -> Evidence:
    gates = (Checked(name="roc_auc at least 0.8", passed=True, seen="0.9"),)
    told = {
        "workload": "toy",
        "model_version": 2,
        "content": "c2",
        "dataset_version": "d2",
        "over": 1,
        "gathered_at": AT,
        "gates": gates,
        "compared": compared(0.02),
    }
    return Evidence(**{**told, **changes})


def answer(about: Evidence, **changes: Any) -> Answer:
    return Answer(**{"evidence": about.digest, "approved": True, "by": ADA, "at": AT, **changes})


@pytest.mark.parametrize(
    ("policy", "seen", "approves"),
    [
        ("auto", evidence(compared=None, over=None), "auto"),
        ("human", evidence(), None),
        (AutoIfBetter(auto_if_better_by=0.02), evidence(), "auto_if_better_by 0.02"),
        (AutoIfBetter(auto_if_better_by=0.021), evidence(), None),
        (AutoIfBetter(auto_if_better_by=0.0), evidence(over=None, compared=None), None),
        (AutoIfBetter(auto_if_better_by=0.0), evidence(compared=compared(None)), None),
    ],
)
def test_a_policy_approves_or_a_person_is_asked(policy: ApprovalPolicy, seen: Evidence, approves: str | None) -> None:
    """By the interval's lower end, not by its middle."""
    assert policy_approves(policy, seen) == approves


def test_a_workload_says_its_policy() -> None:
    said = Release.model_validate({"approval": {"auto_if_better_by": 0.01}, "approvers": (JOB.subject,)})
    assert said.approval == AutoIfBetter(auto_if_better_by=0.01)
    assert Release.model_validate({"approvers": (ADA.subject.upper().replace("ENTRA", "entra"),)}).approvers == (
        ADA.subject,
    )
    for wrong in ({"approval": "never"}, {"approval": {"auto_if_better_by": -0.1}}, {"approvers": ("Ada",)}):
        with pytest.raises(ValidationError):
            Release.model_validate(wrong)


def test_the_digest_is_of_everything() -> None:
    """Read again, it is the same; with anything changed, another."""
    first = evidence()
    assert Evidence.model_validate_json(first.model_dump_json()).digest == first.digest
    changed = [
        evidence(model_version=3),
        evidence(content="c3"),
        evidence(over=None),
        evidence(gathered_at=AT + timedelta(seconds=1)),
        evidence(gates=()),
        evidence(staging=(Checked(name="wants a key", passed=True, seen="HTTP 401"),)),
        evidence(compared=compared(0.03)),
        evidence(forced=Forced(by=ADA, reason="an emergency")),
    ]
    assert len({first.digest, *(one.digest for one in changed)}) == 1 + len(changed)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({}, None),
        ({"model_version": 3}, "is of version 2"),
        ({"content": "other"}, "its content's hash is another"),
        ({"content": None}, "its content's hash is another"),
        ({"champion": None}, "compared with version 1, and no champion is the champion"),
        ({"champion": 7}, "compared with version 1, and version 7 is the champion"),
        ({"dataset_version": "d3"}, "trained on dataset d2"),
    ],
)
def test_what_changed_makes_it_void(now: dict[str, Any], why: str | None) -> None:
    told = void(evidence(), **{"model_version": 2, "content": "c2", "champion": 1, "dataset_version": "d2", **now})
    assert (told is None) if why is None else (why in str(told))


@pytest.mark.parametrize(
    ("policy", "seen", "changes", "verified", "why"),
    [
        ("human", evidence(), {}, True, None),
        ("human", evidence(), {"by": typed("Ada")}, False, None),
        ("human", evidence(), {"by": typed("Ada")}, True, "only a verified identity"),
        ("human", evidence(), {"approved": False}, False, "was no"),
        ("human", evidence(), {"by": None}, False, "nobody approved it"),
        ("human", evidence(), {"evidence": evidence(content="c3").digest}, False, "other evidence"),
        ("human", evidence(), {"by": None, "policy": "auto"}, False, "policy does not approve"),
        ("auto", evidence(), {"by": None, "policy": "auto"}, True, None),
        (AutoIfBetter(auto_if_better_by=0.5), evidence(), {"by": None, "policy": "auto"}, False, "policy does not"),
        ("auto", evidence(gates=(Checked(name="g", passed=False, seen="0.1"),)), {}, False, "nobody forced it: g: 0.1"),
        (
            "auto",
            evidence(forced=Forced(by=typed("Ada"), reason="now")),
            {"by": None, "policy": "auto"},
            True,
            "only a verified identity may force",
        ),
    ],
)
def test_an_answer_is_an_approval_of_its_evidence_only(
    policy: ApprovalPolicy, seen: Evidence, changes: dict[str, Any], verified: bool, why: str | None
) -> None:
    told = why_unapproved(policy, seen, answer(seen, **changes), verified=verified)
    assert (told is None) if why is None else (why in str(told))


@pytest.mark.parametrize(
    ("who", "approvers", "requester", "approves", "why"),
    [
        (ADA, (ADA.subject,), EVE, True, None),
        (ADA, (ADA.subject,), None, True, None),
        (JOB, (JOB.subject,), ADA, True, None),
        (EVE, (ADA.subject,), None, True, "not among release.approvers"),
        (ADA, (), None, True, "names nobody"),
        (ADA, (ADA.subject,), ADA, True, "somebody else must approve"),
        (ADA, (ADA.subject,), ADA, False, None),
        (typed(ADA.subject), (ADA.subject,), None, True, "a typed name counts for nothing"),
        (typed("Ada"), (ADA.subject,), None, False, "a typed name counts for nothing"),
    ],
)
def test_who_may_answer(
    who: Identity, approvers: tuple[str, ...], requester: Identity | None, approves: bool, why: str | None
) -> None:
    told = why_not(who, approvers, requester, approves=approves)
    assert (told is None) if why is None else (why in str(told))


def test_a_typed_name_says_that_it_is_one() -> None:
    assert typed(" Ada \n Lovelace ").told == "Ada Lovelace (unverified)"
    assert typed("").told == "unknown (unverified)"
    assert typed(f"{ADA.subject} (Ada)").told.endswith("(unverified)")


def test_each_try_has_a_key_of_its_own() -> None:
    """So that an answer to another evidence, or to an earlier try, is none to this one."""
    first = Request(evidence=evidence(), run="r", requester=None, approvers=(), verified=False, until=AT)
    other = first.model_copy(update={"evidence": evidence(content="c3")})
    again = first.model_copy(update={"refusals": ({"at": AT, "by": "Eve", "why": "no"},)})
    assert len({first.key, other.key, again.key}) == 3
