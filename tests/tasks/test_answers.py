"""Answers that are forged, replayed, late or typed: each is tried, and counts for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.approval import Answer, Evidence, Request
from lifecycle.approval_text import command_of, page_of, summary_of
from lifecycle.identity import Identity
from platforms.tokens import NotVerified
from tasks.approval_form import Approval, Given, VerifiedApproval, form_of
from tasks.asking import weigh
from tasks.context import Context
from tests.issuing import ADA, AUDIENCE, BOB, EVE, Issuer, issuing
from tests.tasks.approving import AT, context_of, evidence_of, request_of

REQUESTER = Identity(subject=f"entra:{ADA}", verified=True)


@pytest.fixture(scope="module", name="issuer")
def _issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(name="context")
def _context(tmp_path: Path, issuer: Issuer) -> Context:
    return context_of(tmp_path, believes=issuer.settings())


def weighed(context: Context, token: str, about: Evidence | None = None, **given: Any) -> Answer:
    request = request_of(about or evidence_of(), REQUESTER)
    return weigh(context, request, Given(**{"approve": True, "comment": "", "by": "Bob", **given}, token=token), AT)


def refusal(context: Context, token: str, about: Evidence | None = None, **given: Any) -> str:
    with pytest.raises(NotVerified) as refused:
        weighed(context, token, about, **given)
    return str(refused.value)


def test_an_approver_approves(context: Context, issuer: Issuer) -> None:
    answer = weighed(context, issuer.entra(BOB))
    assert (answer.approved, answer.evidence) == (True, evidence_of().digest)
    assert answer.by is not None
    assert (answer.by.subject, answer.by.verified) == (f"entra:{BOB}", True)


def test_whoever_asked_may_withdraw_but_not_approve(context: Context, issuer: Issuer) -> None:
    assert "somebody else must approve it" in refusal(context, issuer.entra(ADA))
    assert not weighed(context, issuer.entra(ADA, jti="2"), approve=False).approved


def test_somebody_else_is_no_approver(context: Context, issuer: Issuer) -> None:
    assert "not among release.approvers" in refusal(context, issuer.entra(EVE))
    assert "not among release.approvers" in refusal(context, issuer.entra(EVE), approve=False)


@pytest.mark.parametrize("by", ["Bob", f"entra:{BOB}"])
def test_a_typed_name_counts_for_nothing(context: Context, by: str) -> None:
    assert "a typed name counts for nothing" in refusal(context, "", by=by)


def test_a_forged_token_counts_for_nothing(context: Context, issuer: Issuer) -> None:
    forged = Issuer(url=issuer.url).entra(BOB)
    assert "Signature verification failed" in refusal(context, forged)
    assert "Audience" in refusal(context, issuer.entra(BOB, aud=f"{AUDIENCE}-of-others"))


@pytest.mark.parametrize("other", [evidence_of(3), evidence_of(gathered_at=AT + timedelta(hours=1))])
def test_a_token_is_good_for_one_decision(context: Context, issuer: Issuer, other: Evidence) -> None:
    """Whoever reads it where it passed cannot approve another version with it, or the same on other evidence."""
    token = issuer.entra(BOB)
    assert weighed(context, token) == weighed(context, token), "a run that was killed weighs it again"
    assert "used for another decision" in refusal(context, token, other)


def test_keys_out_of_reach_approve_nothing(tmp_path: Path) -> None:
    unreachable = Issuer(url="http://127.0.0.1:9/keys")
    assert "cannot be fetched" in refusal(context_of(tmp_path, believes=unreachable.settings()), unreachable.entra(BOB))


def test_an_answer_that_comes_late_is_silence(context: Context, issuer: Issuer) -> None:
    late = Given(approve=True, comment="", by="Bob", token=issuer.entra(BOB))
    answer = weigh(context, request_of(evidence_of()), late, AT + timedelta(hours=1, seconds=1))
    assert (answer.approved, answer.by) == (False, None)
    assert "nobody answered until 2026-05-02 01:00 UTC" in answer.comment


def test_where_nothing_asks_for_it_the_record_says_unverified(tmp_path: Path) -> None:
    given = Given(approve=True, comment="fine", by="Bob")
    answer = weigh(context_of(tmp_path), request_of(evidence_of(), verified=False), given, AT)
    assert (answer.approved, answer.told_by, answer.comment) == (True, "Bob (unverified)", "fine")


def test_a_token_is_worth_nothing_where_no_issuer_is_believed(tmp_path: Path, issuer: Issuer) -> None:
    """The request was made where one was."""
    assert "names no issuer" in refusal(context_of(tmp_path), issuer.entra(BOB))


def test_a_form_shows_no_token(issuer: Issuer) -> None:
    token = issuer.entra(BOB)
    filled = VerifiedApproval.model_validate({"approve": True, "token": token})
    assert filled.given().token == token
    assert token not in f"{filled!r} {filled} {filled.model_dump_json()} {filled.given()!r}"
    assert VerifiedApproval.model_json_schema()["properties"]["token"]["format"] == "password"
    assert "token" not in Approval.model_fields
    assert not form_of(request_of(evidence_of()))().given().approve, "an empty form is no approval"


def told(request: Request) -> str:
    return f"{summary_of(request)}\n{page_of(request)}\n{command_of(request)}"


def test_people_are_told_what_they_decide() -> None:
    words = told(request_of(evidence_of(), REQUESTER))
    expected = (evidence_of().digest, "roc_auc at least 0.8", "0.9", f"entra:{BOB}", "2026-05-02 01:00 UTC")
    assert all(one in words for one in (*expected, "compared with version 1", "perennial approve toy 2 --evidence"))
    assert "nothing proves" in told(request_of(evidence_of(), verified=False))
