"""What every adapter of `BatchEndpoints` asks of a spec before it does anything."""

from __future__ import annotations

import re

from platforms.blob_names import require_blob_prefix
from platforms.ports import BatchSpec, Refused

_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,200}")


def require_fit(spec: BatchSpec) -> None:
    """Refused where a name, a prefix or a limit is none."""
    if not _JOB_NAME.fullmatch(spec.name):
        raise Refused(f"{spec.name[:200]!r} is no name of a job: letters, digits and '-', at most 200.")
    for prefix in (spec.input_prefix, spec.output_prefix):
        require_blob_prefix(prefix)
        if not prefix.endswith("/"):
            raise Refused(f"The prefix {prefix!r} of job {spec.name} does not end in '/'.")
    if spec.mini_batch_size < 1 or spec.retries < 0 or spec.timeout_seconds < 1 or spec.error_threshold < -1:
        raise Refused(f"The limits of job {spec.name} make no sense: {spec}.")
