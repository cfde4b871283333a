"""promote: what a release approved goes to production, beside what serves, and takes over. It knows no other stage."""

from __future__ import annotations

from typing import Any

from prefect import flow, runtime
from prefect.concurrency.sync import concurrency
from prefect.states import Completed, State

from flows.parameters import LEASE_SECONDS, ApprovedVersion, WorkloadName
from lifecycle.names import CHAMPION
from lifecycle.tags import APPROVED_AT, APPROVED_BY, DATASET, FORCED, PROMOTED_AT, VERDICT
from platforms.ports import RegisteredModel
from tasks.approval import NotApproved, require_approval
from tasks.context import Context, open_context
from tasks.evidence import require_evidence
from tasks.native_monitor import apply_native_monitor
from tasks.probe import probe
from tasks.promotion import Live, deploy_beside, move_traffic, production, reconcile_alias
from tasks.story import emit, now, record, tell


@flow(
    name="promote",
    flow_run_name="promote-{workload}",
    description="Take an approved version to production.",
)
def promote(workload: WorkloadName, model_version: ApprovedVersion) -> State[Any]:
    """Completed once the version serves; Failed where it may not or the platform fails. Safe to run again.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        model_version: The version that a release approved.
    """
    context = open_context(workload)
    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        version = context.platform.models.get(workload, model_version)
        live = production(context)
        if live is not None:
            reconcile_alias(context)  # a promotion may have been killed after its traffic had moved
        if live is not None and live.version == version.version:
            return _conclude(context, version, live.slot.name)
        return _promote(context, version, live)


def _promote(context: Context, version: RegisteredModel, live: Live | None) -> State[Any]:
    models = context.platform.models
    champion = models.by_alias(context.name, CHAMPION)
    current = None if champion is None else champion.version
    if live is not None or current != version.version:  # else it was production that went, with everything in it
        try:
            approved = require_approval(version, current, models.versions(context.name))
            require_evidence(context, version, approved)
        except NotApproved as refusal:
            _refuse(context, version, str(refusal))
            raise
    slot = deploy_beside(context, version)
    probe(context, slot, version)
    move_traffic(context, slot, version)
    return _conclude(context, version, slot)


def _conclude(context: Context, version: RegisteredModel, slot: str) -> State[Any]:
    """What remains once the traffic has moved, in this run or in an earlier one, since killed."""
    known = version.tags.get(PROMOTED_AT) if version.tags.get(VERDICT) == "promoted" else None
    tags = {PROMOTED_AT: known or now().isoformat(), VERDICT: "promoted"}
    context.platform.models.tag(context.name, version.version, tags)
    summary = f"Version {version.version} of {context.name} serves in production, in slot {slot}."
    by = version.tags.get(APPROVED_BY, "nobody")
    forced = version.tags.get(FORCED, "")
    summary += f" It was {forced}." if forced else ""
    key = "-".join([str(version.version), *([version.tags[APPROVED_AT]] if APPROVED_AT in version.tags else [])])
    record(
        context,
        "promoted",
        key,
        summary,
        model_version=version.version,
        dataset_version=version.tags[DATASET],
        evidence={"slot": slot, "approved_by": by, **({"forced": forced} if forced else {})},
    )
    emit(context, "perennial.release.promoted", key, {"model_version": version.version})
    endpoint = context.platform.endpoints.get(context.name)
    watched = apply_native_monitor(context)
    text = f"### {summary}\n\nClients POST to `{endpoint.scoring_url}`.\n\nIt was approved by {by}.\n\n{watched}"
    tell(context, "promotion", text)
    return Completed(message=summary)


def _refuse(context: Context, version: RegisteredModel, why: str) -> None:
    record(context, "refused", f"{version.version}-{runtime.flow_run.id}", why, model_version=version.version)
    tell(context, "promotion", f"### {why}\n\nProduction was not touched.")
