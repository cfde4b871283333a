"""The champion beside the candidate, in staging: what the candidate's endpoint is compared with, at the same time.

A fresh deployment of the champion's version, at the same size and just as idle, not what serves in production: that
one is warm, busy with people, and no business of staging's (Kayenta's rule of the fresh baseline). So it is on every
platform. Where `release.load.baseline` is off, or the platform refuses it, the champion counts as it was measured
when it was the candidate (`releases/NAME/VERSION/measured.json`).
"""

from __future__ import annotations

from lifecycle.names import BASELINE_SLOT, measured_blob, staging_endpoint
from monitoring.load import Measured
from platforms.ports import NotFound, Refused, RegisteredModel
from tasks.context import Context
from tasks.endpoints import SlotFailed, bring_up, slot_tags


def start_baseline(context: Context, champion: RegisteredModel | None) -> None:
    """Let it come up while there is something else to do; `await_baseline` tells what kept it from that."""
    if champion is None or not context.workload.release.load.baseline:
        return
    try:
        context.platform.endpoints.deploy(staging_endpoint(context.name), BASELINE_SLOT, champion, slot_tags(champion))
    except Refused:
        return


def await_baseline(context: Context, champion: RegisteredModel) -> str:
    """Wait until it answers; why there is none, in words, or nothing."""
    if not context.workload.release.load.baseline:
        return "release.load.baseline is off"
    try:
        bring_up(context, staging_endpoint(context.name), BASELINE_SLOT, champion)
    except (Refused, SlotFailed) as reason:
        return f"the champion could not be deployed beside it: {reason}"[:500]
    return ""


def remove_baseline(context: Context) -> None:
    """It has been compared with, and costs its machines."""
    context.platform.endpoints.delete_slot(staging_endpoint(context.name), BASELINE_SLOT)


def keep_measured(context: Context, version: RegisteredModel, found: Measured) -> None:
    """For the releases in which it is the champion."""
    context.platform.blobs.write(measured_blob(context.name, version.version), found.model_dump_json().encode())


def measured_before(context: Context, champion: RegisteredModel) -> Measured | None:
    """What the champion's own release measured of it. None where that did not, or nobody can read it any more."""
    try:
        content = context.platform.blobs.read(measured_blob(context.name, champion.version))
        return Measured.model_validate_json(content)
    except (NotFound, ValueError):
        return None
