"""Sample requests of the workload: whatever lies in `workloads/NAME/requests/` must be answered without error."""

from __future__ import annotations

from pathlib import Path

import httpx

from lifecycle.names import STAGING_SLOT, staging_endpoint
from tasks.endpoints import answered_status, client_for
from tasks.staging import Check, not_applicable
from tasks.staging_checks.part import Part, Subject

TITLE = "sample requests"
FOLDER = "requests"


def sample_requests(subject: Subject) -> Part:
    """A check for each `*.json`, posted as it is."""
    endpoints, name = subject.context.platform.endpoints, staging_endpoint(subject.context.name)
    files = sorted((subject.context.folder / FOLDER).glob("*.json"))
    if not files:
        return Part(title=TITLE, checks=(not_applicable(TITLE, f"the workload has no {FOLDER}/*.json"),))
    url = endpoints.get(name).scoring_url
    with client_for(endpoints, name, STAGING_SLOT) as client:
        return Part(title=TITLE, checks=tuple(_answered(client, url, file) for file in files))


def _answered(client: httpx.Client, url: str, file: Path) -> Check:
    response = client.post(url, content=file.read_bytes(), headers={"Content-Type": "application/json"})
    status = answered_status(response)
    seen = f"HTTP {status}" if status == 200 else f"HTTP {status}: {response.text[:300]}"
    return Check(f"{FOLDER}/{file.name} is answered", status == 200, seen)
