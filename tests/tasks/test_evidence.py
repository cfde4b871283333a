"""Tags that say a version was approved: a promotion believes them only with the evidence and the answer behind them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lifecycle.approval import Answer, Checked, Evidence, Forced
from lifecycle.identity import Identity, typed
from lifecycle.names import approval_evidence_blob
from platforms.approval_settings import ApprovalSettings
from tasks.approval import Approved, NotApproved, approval_by, approval_of
from tasks.context import Context
from tasks.evidence import keep, keep_answer, require_evidence, why_unfounded
from tests.issuing import BOB, Issuer
from tests.tasks.approving import AT, context_of, evidence_of, version_of

BOBS = Identity(subject=f"entra:{BOB}", verified=True, detail="Bob")
VERIFYING = Issuer(url="http://127.0.0.1:9/keys").settings()


def approved(context: Context, evidence: Evidence, **changes: Any) -> Approved:
    """An approval as a release writes it."""
    keep(context, evidence)
    answer = Answer(**{"evidence": evidence.digest, "approved": True, "by": BOBS, "at": AT, **changes})
    return approval_by(keep_answer(context, evidence, answer), evidence)


def test_an_approval_holds_for_its_evidence(tmp_path: Path) -> None:
    context = context_of(tmp_path, believes=VERIFYING)
    approval = approved(context, evidence_of())
    require_evidence(context, version_of(), approval)
    tags = {"approved_by": approval.by, "approved_at": approval.at, "approved_over": "1"}
    tagged = version_of(verdict="approved", **tags, approved_evidence=approval.evidence)
    assert approval_of(tagged) == approval, "the tags say it all"


@pytest.mark.parametrize(
    ("by_hand", "why"),
    [
        ({"evidence": ""}, "not kept under the digest"),
        ({"evidence": "0" * 64}, "not kept under the digest"),
        ({"by": "policy auto"}, "tags do not say what was answered"),
        ({"at": "2026-05-03T00:00:00+00:00"}, "tags do not say what was answered"),
        ({"over": None}, "tags do not say what was answered"),
        ({"forced": "forced by nobody"}, "tags do not say what was answered"),
    ],
)
def test_tags_written_by_hand_are_no_approval(tmp_path: Path, by_hand: dict[str, Any], why: str) -> None:
    context = context_of(tmp_path)
    forged = replace(approved(context, evidence_of()), **by_hand)
    with pytest.raises(NotApproved, match=why):
        require_evidence(context, version_of(), forged)


def test_an_approval_of_another_version_is_none(tmp_path: Path) -> None:
    """Its tags copied, and even its evidence and its answer."""
    context = context_of(tmp_path)
    approval = approved(context, evidence_of(2))
    assert "not kept" in str(why_unfounded(context, version_of(3), approval))
    for path in (tmp_path / "releases" / "toy" / "2").rglob("*.json"):
        copy = Path(str(path).replace("/toy/2/", "/toy/3/"))
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert "evidence" in str(why_unfounded(context, version_of(3), approval))


def test_another_model_under_the_same_number_is_not_approved(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    approval = approved(context, evidence_of())
    assert "content's hash is another" in str(why_unfounded(context, version_of(2, sha256="other"), approval))


def test_evidence_changed_afterwards_is_none(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    evidence = evidence_of(gates=(Checked(name="roc_auc", passed=True, seen="0.7"),))
    approval = approved(context, evidence)
    name = approval_evidence_blob("toy", 2, evidence.digest)
    told = json.loads(context.platform.blobs.read(name))
    told["gates"][0]["seen"] = "0.9"
    context.platform.blobs.write(name, json.dumps(told).encode())
    assert "not kept under the digest" in str(why_unfounded(context, version_of(), approval))


@pytest.mark.parametrize(
    ("policy", "believes", "evidence", "answer", "why"),
    [
        ("human", None, evidence_of(), {"by": typed("Bob")}, None),
        ("human", VERIFYING, evidence_of(), {"by": typed("Bob")}, "only a verified identity"),
        ("human", None, evidence_of(), {"by": None, "policy": "auto"}, "policy does not approve"),
        ("auto", VERIFYING, evidence_of(), {"by": None, "policy": "auto"}, None),
        ("human", None, evidence_of(), {"approved": False}, "the answer was no"),
        ("human", None, evidence_of(gates=(Checked(name="g", passed=False, seen="0"),)), {}, "nobody forced it"),
        ("human", VERIFYING, evidence_of(forced=Forced(by=typed("Al"), reason="now")), {}, "may force a release here"),
    ],
)
def test_production_asks_by_its_own_rules(
    tmp_path: Path,
    policy: str,
    believes: ApprovalSettings | None,
    evidence: Evidence,
    answer: dict[str, Any],
    why: str | None,
) -> None:
    context = context_of(tmp_path, policy, believes)
    told = why_unfounded(context, version_of(), approved(context, evidence, **answer))
    assert (told is None) if why is None else (why in str(told))


def test_the_first_answer_stays(tmp_path: Path) -> None:
    """Silence and a person at the same time: one of them was first."""
    context, evidence = context_of(tmp_path), evidence_of()
    first = Answer(evidence=evidence.digest, approved=False, by=None, at=AT)
    assert keep_answer(context, evidence, first) == first
    assert keep_answer(context, evidence, first.model_copy(update={"approved": True, "by": BOBS})) == first
