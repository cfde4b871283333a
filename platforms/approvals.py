"""What waits for an answer, and what was answered, as it lies in the blob store."""

from __future__ import annotations

from collections.abc import Iterator

from lifecycle.approval import Answer, Evidence, Request
from lifecycle.names import approval_answer_blob, approval_request_blob, approval_requests_prefix
from platforms.ports import BlobStore, NotFound


def read_request(blobs: BlobStore, workload: str, model_version: int) -> Request | None:
    """The newest request for an answer about that version, answered or not; None where there is none."""
    try:
        return Request.model_validate_json(blobs.read(approval_request_blob(workload, model_version)))
    except NotFound:
        return None


def read_answer(blobs: BlobStore, evidence: Evidence) -> Answer | None:
    """What was answered about that evidence; None where nobody has yet."""
    name = approval_answer_blob(evidence.workload, evidence.model_version, evidence.digest)
    try:
        return Answer.model_validate_json(blobs.read(name))
    except NotFound:
        return None


def open_requests(blobs: BlobStore, workload: str) -> Iterator[Request]:
    """The requests that nobody has answered."""
    for blob in blobs.list(approval_requests_prefix(workload)):
        request = Request.model_validate_json(blobs.read(blob.name))
        if read_answer(blobs, request.evidence) is None:
            yield request
