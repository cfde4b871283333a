"""`perennial approve` and `perennial reject`: find the run that waits, fill in its form, tell what became of it."""

from __future__ import annotations

import time
from uuid import UUID

from deployments.prefect_client import prefect_of
from deployments.token_sources import TokenSource
from lifecycle.approval import Request
from platforms.approvals import read_answer, read_request
from platforms.choose import choose_platform
from platforms.ports import BlobStore
from platforms.settings import Settings
from platforms.workloads import find_workload

WEIGHED_WITHIN = 300.0  # seconds: the run that waits must start again to weigh an answer
_LOOK_EVERY = 0.3


class NotAnswered(RuntimeError):
    """The answer did not count, and why."""


def answer(
    settings: Settings,
    workload: str,
    model_version: int,
    approve: bool,
    comment: str,
    by: str,
    token: TokenSource,
    evidence: str | None,
) -> str:
    """What came of it, in a sentence. NotAnswered where it counted for nothing; LookupError where nothing waits.

    by: counts where nothing asks for a token. evidence: first digits of what the answer is about; None: what waits.
    """
    name = find_workload(settings.workloads, workload).workload.name
    blobs = choose_platform(settings).blobs
    request = _waiting(blobs, name, model_version, evidence)
    filled: dict[str, object] = {"approve": approve, "comment": comment}
    if request.verified:
        digest = request.evidence.digest
        shown = token.read(request.audiences, name, model_version, digest)
        if not shown:
            raise NotAnswered("A typed name counts for nothing here: give --token-file, --azure-cli, --github-actions.")
        filled["token"] = shown
    else:
        filled["by"] = by
    _resume(settings, request, filled)
    return _what_became(blobs, request)


def _waiting(blobs: BlobStore, workload: str, model_version: int, evidence: str | None) -> Request:
    request = read_request(blobs, workload, model_version)
    if request is None or read_answer(blobs, request.evidence) is not None:
        raise LookupError(f"Version {model_version} of {workload} waits for no answer: see perennial status.")
    if evidence is not None and (len(evidence) < 8 or not request.evidence.digest.startswith(evidence)):
        raise NotAnswered(
            f"Version {model_version} of {workload} waits with other evidence, {request.evidence.digest[:12]}: "
            "look at it, perennial status tells it."
        )
    return request


def _resume(settings: Settings, request: Request, filled: dict[str, object]) -> None:
    with prefect_of(settings) as client:
        result = client.resume_flow_run(UUID(request.run), run_input=filled)
    if str(result.status.value) != "ACCEPT":
        why = getattr(result.details, "reason", result.status.value)
        raise NotAnswered(f"The flow run {request.run} takes no answer: {why}")


def _what_became(blobs: BlobStore, request: Request) -> str:
    evidence = request.evidence
    deadline = time.monotonic() + WEIGHED_WITHIN
    while time.monotonic() < deadline:
        given = read_answer(blobs, evidence)
        if given is not None:
            done = "approved" if given.approved else "rejected"
            return f"Version {evidence.model_version} of {evidence.workload} was {done} by {given.told_by}."
        now = read_request(blobs, evidence.workload, evidence.model_version)
        if now is not None and now.evidence.digest == evidence.digest and len(now.refusals) > len(request.refusals):
            raise NotAnswered(f"The answer counts for nothing: {now.refusals[-1].why}. The version waits on.")
        time.sleep(_LOOK_EVERY)
    raise NotAnswered(
        f"The answer was given, but the flow run {request.run} has not weighed it in {WEIGHED_WITHIN:.0f} s: "
        "does a worker run? Look at the run's page."
    )
