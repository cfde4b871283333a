"""People are told that a version waits for them: on the page of the run that waits, and by an event."""

from __future__ import annotations

from prefect import runtime

from lifecycle.approval import Request
from lifecycle.approval_text import command_of, compared_in_words, page_of, who_may
from tasks.context import Context
from tasks.story import emit, tell


def tell_request(context: Context, request: Request) -> None:
    """Say what is to be decided; told again under the same key, it is one event."""
    tell(context, "approval", page_of(request))
    evidence = request.evidence
    payload = {
        "model_version": evidence.model_version,
        "evidence": evidence.digest,
        "gates": evidence.reason[:1000],
        "comparison": compared_in_words(evidence),
        "approvers": who_may(request),
        "until": f"{request.until:%Y-%m-%d %H:%M} UTC",
        "forced": "" if evidence.forced is None else evidence.forced.told[:1000],
        "command": command_of(request),
        "page": str(runtime.flow_run.ui_url or ""),
    }
    emit(context, "perennial.release.waiting", request.key, payload)
