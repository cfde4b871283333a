"""A release asks a person: it suspends, holds no process, and carries on when an answer comes that counts.

The request lies in the blob store, written before anybody is told of it. An answer that counts for nothing is written
on it with its reason, and the run waits on until the same time limit. Silence until then is an answer too, which a run
that was scheduled for that moment writes: it starts whenever the server and the worker are there again.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.flow_runs import suspend_flow_run
from prefect.input.run_input import keyset_from_base_key

from lifecycle.approval import Answer, Evidence, Refusal, Request
from lifecycle.identity import Identity, typed, why_not
from lifecycle.names import RELEASE, approval_request_blob
from platforms.approvals import read_answer, read_request
from platforms.tokens import NotVerified
from tasks.approval_form import Given, form_of
from tasks.approval_page import tell_request
from tasks.clock import now
from tasks.context import Context
from tasks.evidence import keep_answer
from tasks.identity import forget_input, identity_by
from tasks.story import record

_GRACE = timedelta(days=1)  # Prefect fails a run that waits longer than it was told: silence is for us to deal with


def own_request(context: Context, model_version: int) -> Request | None:
    """The request that this very run made before it was suspended."""
    request = read_request(context.platform.blobs, context.name, model_version)
    return request if request is not None and request.run == str(runtime.flow_run.id) else None


def ask(context: Context, evidence: Evidence, requester: Identity | None) -> Answer:
    """The answer about this evidence. Suspends the run until one that counts is there, or nobody answered in time."""
    request = own_request(context, evidence.model_version)
    if request is None or request.evidence.digest != evidence.digest:
        request = _new_request(context, evidence, requester)
    while (answer := read_answer(context.platform.blobs, evidence)) is None:
        request = _wait(context, request)
    _forget_tokens(request)
    _forget_deadline(request)
    return answer


def abandon(context: Context, request: Request, why: str) -> None:
    """Answer no to a request whose evidence holds no longer: whatever was filled in was about something else."""
    answer = Answer(evidence=request.evidence.digest, approved=False, by=None, comment=why, at=now())
    keep_answer(context, request.evidence, answer)
    _forget_tokens(request)
    _forget_deadline(request)


def silence(request: Request, at: datetime) -> Answer:
    """What nobody's answer means."""
    comment = f"nobody answered until {request.until:%Y-%m-%d %H:%M} UTC"
    return Answer(evidence=request.evidence.digest, approved=False, by=None, comment=comment, at=at)


def weigh(context: Context, request: Request, given: Given, at: datetime) -> Answer:
    """The answer that a filled form is. NotVerified says why it counts for nothing.

    at: when it was given, UTC.
    """
    if at > request.until:
        return silence(request, at)
    digest = request.evidence.digest
    if not request.verified:
        by = typed(given.by)
        return Answer(evidence=digest, approved=given.approve, by=by, comment=given.comment, at=at)
    if not given.token:
        raise NotVerified("a typed name counts for nothing here: give a token")
    by = identity_by(context, given.token, request.evidence.model_version, digest)
    why = why_not(by, request.approvers, request.requester, approves=given.approve)
    if why is not None:
        raise NotVerified(why)
    return Answer(evidence=digest, approved=given.approve, by=by, comment=given.comment, at=at)


def _new_request(context: Context, evidence: Evidence, requester: Identity | None) -> Request:
    release, asks = context.workload.release, context.settings.approval
    request = Request(
        evidence=evidence,
        run=str(runtime.flow_run.id),
        requester=requester,
        approvers=release.approvers,
        verified=asks.asks_for_identity,
        audiences=asks.audiences,
        until=now() + release.approval_within,
    )
    request = request.model_copy(update={"deadline_run": _schedule_deadline(context, request)})
    _write(context, request)
    return request


def _wait(context: Context, request: Request) -> Request:
    """Suspend, unless this try was filled in; then write it down, as an answer or as a refusal."""
    tell_request(context, request)
    limit = int((max(request.until - now(), timedelta(0)) + _GRACE).total_seconds())
    filled = suspend_flow_run(wait_for_input=form_of(request), timeout=limit, key=request.key)
    given = filled.given()
    try:
        keep_answer(context, request.evidence, weigh(context, request, given, _given_at()))
        return request
    except NotVerified as refusal:
        by = typed(given.by).told
        record(context, "refused", request.key, f"An answer by {by} counts for nothing: {refusal}.", by=by)
        told = Refusal(at=now(), by=by, why=str(refusal))
        request = request.model_copy(update={"refusals": (*request.refusals, told)})
        _write(context, request)
        _forget_tokens(request)
        return request


def _given_at() -> datetime:
    """When this run was last resumed: what was answered, was answered then."""
    with get_client(sync_client=True) as client:
        states = client.read_flow_run_states(uuid.UUID(str(runtime.flow_run.id)))
    return max((state.timestamp for state in states if state.name == "Resuming"), default=now())


def _write(context: Context, request: Request) -> None:
    name = approval_request_blob(context.name, request.evidence.model_version)
    context.platform.blobs.write(name, request.model_dump_json().encode())


def _schedule_deadline(context: Context, request: Request) -> str:
    """The run that rejects it at its time limit; made once."""
    digest = request.evidence.digest
    parameters = {"workload": context.name, "model_version": request.evidence.model_version, "unanswered": digest}
    run: Any = run_deployment(
        RELEASE,
        parameters=parameters,
        scheduled_time=request.until,
        timeout=0,
        as_subflow=False,
        idempotency_key=f"unanswered-{digest}",
        flow_run_name=f"time-limit-{context.name}",
    )
    return str(run.id)


def _forget_deadline(request: Request) -> None:
    if request.deadline_run is None or request.deadline_run == str(runtime.flow_run.id):
        return
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        client.delete_flow_run(uuid.UUID(request.deadline_run))


def _forget_tokens(request: Request) -> None:
    """Delete what was filled in from Prefect's database: what it proved is written."""
    if not request.verified:
        return
    for tried in range(len(request.refusals) + 1):
        key = request.model_copy(update={"refusals": request.refusals[:tried]}).key
        forget_input(keyset_from_base_key(f"suspended-{key}")["response"])
