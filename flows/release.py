"""release: a candidate goes through its gates and staging to production, or is rejected; production never waits."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from prefect import flow
from prefect.concurrency.sync import concurrency
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.states import Completed, State
from pydantic import Field

from flows.parameters import LEASE_SECONDS, ModelVersion, WorkloadName
from lifecycle.names import CHAMPION
from platforms.ports import NotFound, RegisteredModel
from tasks.context import Context, open_context
from tasks.gates import Candidate, Judgement, judge, load_candidate
from tasks.promotion import (
    APPROVED_BY,
    PROMOTED_AT,
    REASON,
    VERDICT,
    deploy_beside,
    move_traffic,
    probe,
    production,
    reconcile_alias,
)
from tasks.registration import DATASET
from tasks.staging import Check, clear_staging, deploy_to_staging, test_in_staging
from tasks.story import emit, now, record, tell, tell_table


class Approval(RunInput):
    """What a person says of a model that waits."""

    approve: Annotated[bool, Field(title="Approve", description="Leave it off to reject.")] = False
    by: Annotated[str, Field(title="Your name")] = "unknown"
    comment: Annotated[str, Field(title="Comment")] = ""


@flow(
    name="release",
    flow_run_name="release-{workload}",
    description="Take a candidate through its gates and staging to production.",
)
def release(workload: WorkloadName, model_version: ModelVersion = None) -> State[Any]:
    """Completed, promoted or rejected; Failed where the platform did not do its part. Safe to run again.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        model_version: A version in the registry. Empty: the newest.
    """
    context = open_context(workload)
    version = _candidate(context, model_version)
    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        live = production(context)
        if live is not None and live.version == version.version:
            reconcile_alias(context)
            return _conclude(context, version, live.slot.name, None)
        if version.tags.get(VERDICT) == "rejected":
            return Completed(message=f"Version {version.version} was rejected before: {version.tags.get(REASON, '')}")
        return _release(context, version)


def _candidate(context: Context, wanted: int | None) -> RegisteredModel:
    if wanted is not None:
        return context.platform.models.get(context.name, wanted)
    versions = context.platform.models.versions(context.name)
    if not versions:
        raise NotFound(f"{context.name} has no model version to release. Train one first.")
    return versions[-1]


def _release(context: Context, version: RegisteredModel) -> State[Any]:
    champion = context.platform.models.by_alias(context.name, CHAMPION)
    candidate = load_candidate(context, version)
    judgement = judge(context, candidate, champion)
    _tell_checks(context, "gates", judgement.checks, "What the candidate had to reach")
    if not judgement.passed:
        return _reject(context, version, judgement.reason, judgement)
    deploy_to_staging(context, version)
    checks = test_in_staging(context, candidate.model, version, candidate.holdout)
    _tell_checks(context, "staging", checks, "What was tested in staging, over HTTP")
    if not all(check.passed for check in checks):
        return _reject(context, version, Judgement(checks, None).reason, judgement)
    refusal = _approve(context, version, judgement)
    if refusal is not None:
        return _reject(context, version, refusal, judgement)
    return _promote(context, candidate, judgement)


def _approve(context: Context, version: RegisteredModel, judgement: Judgement) -> str | None:
    """None where it was approved, by the policy or a person; the reason where it was not."""
    by, comment = "policy auto", ""
    if context.workload.release.approval == "human" and APPROVED_BY not in version.tags:
        emit(context, "perennial.release.waiting", str(version.version), {"model_version": version.version})
        limit = int(context.workload.release.approval_within.total_seconds())
        answer = suspend_flow_run(wait_for_input=Approval, timeout=limit, key="approval")
        by, comment = f"{answer.by} (unverified)", answer.comment
        if not answer.approve:
            return f"{by} did not approve it. {comment}".strip()
    by = version.tags.get(APPROVED_BY, by)
    context.platform.models.tag(context.name, version.version, {APPROVED_BY: by})
    record(
        context,
        "approved",
        str(version.version),
        f"Version {version.version} was approved by {by}: {comment or judgement.reason}.",
        by=by,
        model_version=version.version,
    )
    return None


def _promote(context: Context, candidate: Candidate, judgement: Judgement) -> State[Any]:
    version = candidate.version
    slot = deploy_beside(context, version)
    probe(context, slot, version, candidate.holdout.newest(5).features)
    move_traffic(context, slot, version)
    return _conclude(context, version, slot, judgement)


def _conclude(context: Context, version: RegisteredModel, slot: str, judgement: Judgement | None) -> State[Any]:
    """What remains once the traffic has moved. `judgement` is None where an earlier run, since killed, moved it."""
    promoted_at = version.tags.get(PROMOTED_AT, now().isoformat())
    context.platform.models.tag(context.name, version.version, {VERDICT: "promoted", PROMOTED_AT: promoted_at})
    with suppress(NotFound):  # there is no staging endpoint where everything was deleted but production
        clear_staging(context)
    summary = f"Version {version.version} of {context.name} serves in production, in slot {slot}."
    record(
        context,
        "promoted",
        str(version.version),
        summary,
        model_version=version.version,
        dataset_version=version.tags[DATASET],
        evidence={} if judgement is None else _evidence(judgement),
    )
    emit(context, "perennial.release.promoted", str(version.version), {"model_version": version.version})
    endpoint = context.platform.endpoints.get(context.name)
    why = "An earlier run had moved the traffic." if judgement is None else f"{judgement.reason}."
    tell(context, "release", f"### {summary}\n\nClients POST to `{endpoint.scoring_url}`.\n\n{why}")
    return Completed(message=summary)


def _reject(context: Context, version: RegisteredModel, reason: str, judgement: Judgement) -> State[Any]:
    context.platform.models.tag(context.name, version.version, {VERDICT: "rejected", REASON: reason[:4000]})
    with suppress(NotFound):  # it may never have come as far as staging
        clear_staging(context)
    summary = f"Version {version.version} of {context.name} was rejected: {reason}."
    record(
        context,
        "rejected",
        str(version.version),
        summary,
        model_version=version.version,
        dataset_version=version.tags[DATASET],
        evidence=_evidence(judgement),
    )
    emit(
        context,
        "perennial.release.rejected",
        str(version.version),
        {"model_version": version.version, "reason": reason[:1000]},
    )
    tell(context, "release", f"### {summary}\n\nProduction was not touched.")
    return Completed(message=summary)


def _evidence(judgement: Judgement) -> dict[str, Any]:
    checks = {check.name: check.seen for check in judgement.checks}
    compared = judgement.comparison
    return {"gates": checks} | ({} if compared is None else {"comparison": _as_dict(compared)})


def _as_dict(comparison: Any) -> dict[str, Any]:
    names = ("metric", "champion", "challenger", "difference", "low", "high", "rows", "verdict")
    return {name: getattr(comparison, name) for name in names}


def _tell_checks(context: Context, subject: str, checks: list[Check], description: str) -> None:
    tell_table(context, subject, [check.as_row() for check in checks], description)
