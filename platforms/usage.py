"""How long the workload's training jobs ran, in the blob store: a blob a job, written when it has ended.

Production decides what may be spent, and its identity does not reach the compute: what crosses is the blob.
"""

from __future__ import annotations

import re
from datetime import datetime

from lifecycle.names import usage_prefix
from lifecycle.spending import JobUsage
from platforms.ports import BlobStore


def write_usage(blobs: BlobStore, workload: str, usage: JobUsage) -> bool:
    """Add it; False where it was written before."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", usage.job)
    return blobs.put_if_absent(f"{usage_prefix(workload)}{name}.json", usage.model_dump_json().encode())


def read_usage(blobs: BlobStore, workload: str, since: datetime) -> list[JobUsage]:
    """Of the jobs whose end was written down at or after that."""
    return [
        JobUsage.model_validate_json(blobs.read(blob.name)) for blob in blobs.list(usage_prefix(workload), since=since)
    ]
