"""Silence: what nobody answered until its time limit is rejected, by a run that was scheduled for that moment."""

from __future__ import annotations

import uuid

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from lifecycle.approval import Answer
from platforms.approvals import read_answer, read_request
from tasks.asking import silence
from tasks.clock import now
from tasks.context import Context
from tasks.evidence import keep_answer


def unanswered_in_time(context: Context, model_version: int, digest: str) -> Answer | None:
    """That nobody answered about this evidence, written as the answer; None where somebody did, or it is not yet time.

    Somebody whose answer is being weighed just now writes first, or finds silence written.
    """
    request = read_request(context.platform.blobs, context.name, model_version)
    if request is None or request.evidence.digest != digest or now() < request.until:
        return None
    known = read_answer(context.platform.blobs, request.evidence)
    answer = known or keep_answer(context, request.evidence, silence(request, now()))
    return None if answer.approved or answer.by is not None else answer


def end_waiting_run(context: Context, model_version: int, digest: str) -> None:
    """Resume the run that waited, which finds what was decided and ends; nothing where it waits no more."""
    request = read_request(context.platform.blobs, context.name, model_version)
    if request is None or request.evidence.digest != digest or not _waits(request.run):
        return
    with get_client(sync_client=True) as client:
        client.resume_flow_run(uuid.UUID(request.run), run_input={})


def waits_elsewhere(context: Context, model_version: int) -> str | None:
    """That another run waits for an answer about that version already, in words; None where none does."""
    request = read_request(context.platform.blobs, context.name, model_version)
    if request is None or request.run == str(runtime.flow_run.id) or not _waits(request.run):
        return None
    return (
        f"Version {model_version} of {context.name} waits for an answer already, until "
        f"{request.until:%Y-%m-%d %H:%M} UTC: see the flow run {request.run}, or perennial status."
    )


def _waits(run: str) -> bool:
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(uuid.UUID(run)).state
        except ObjectNotFound:
            return False
    return state is not None and state.is_paused()
