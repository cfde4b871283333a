"""release: a candidate goes through its gates and staging, and is approved or rejected. It knows no production."""

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
from lifecycle.names import CHAMPION, promotion_key
from lifecycle.tags import CARD, DATASET, REASON, VERDICT
from platforms.ports import NotFound, RegisteredModel
from tasks.approval import Approved, approval_of, approve, new_approval, overtaken
from tasks.context import Context, open_context
from tasks.gates import Judgement, judge, load_candidate
from tasks.model_card import tell_suite
from tasks.probe import keep_answer
from tasks.staging import Check, clear_staging, deploy_to_staging
from tasks.staging_suite import beside, examine_model, examine_slot
from tasks.starting import start_once
from tasks.story import emit, record, tell, tell_table

PROMOTE = "promote/prod"


class Approval(RunInput):
    """What a person says of a model that waits."""

    approve: Annotated[bool, Field(title="Approve", description="Leave it off to reject.")] = False
    by: Annotated[str, Field(title="Your name")] = "unknown"
    comment: Annotated[str, Field(title="Comment")] = ""


@flow(
    name="release",
    flow_run_name="release-{workload}",
    description="Take a candidate through its gates and staging; start the promotion of what is approved.",
)
def release(workload: WorkloadName, model_version: ModelVersion = None) -> State[Any]:
    """Completed, approved or rejected; Failed where the platform did not do its part. Safe to run again.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        model_version: A version in the registry. Empty: the newest.
    """
    context = open_context(workload)
    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        version = _candidate(context, model_version)
        outcome = _outcome(context, version)
    # Only now, since the promotion takes the same limit.
    return _hand_over(context, version, outcome) if isinstance(outcome, Approved) else outcome


def _candidate(context: Context, wanted: int | None) -> RegisteredModel:
    if wanted is not None:
        return context.platform.models.get(context.name, wanted)
    versions = context.platform.models.versions(context.name)
    if not versions:
        raise NotFound(f"{context.name} has no model version to release. Train one first.")
    return versions[-1]


def _outcome(context: Context, version: RegisteredModel) -> Approved | State[Any]:
    """The approval, this run's or one that waits for its promotion; or how the run ends without."""
    models = context.platform.models
    champion = models.by_alias(context.name, CHAMPION)
    current = None if champion is None else champion.version
    waiting = approval_of(version)
    if waiting is not None and overtaken(version, waiting, current, models.versions(context.name)) is None:
        _clear_staging(context)
        return waiting
    if current == version.version:
        _clear_staging(context)  # of the release that a kill kept from it
        return Completed(message=f"Version {version.version} of {context.name} is the champion already.")
    if version.tags.get(VERDICT) == "rejected":
        return Completed(message=f"Version {version.version} was rejected before: {version.tags.get(REASON, '')}")
    return _through_staging(context, version, champion)


def _through_staging(
    context: Context, version: RegisteredModel, champion: RegisteredModel | None
) -> Approved | State[Any]:
    candidate = load_candidate(context, version)
    judgement = judge(context, candidate, champion)
    _tell_checks(context, "gates", judgement.checks, "What the candidate had to reach")
    parts = examine_model(context, candidate, champion) if judgement.passed else []
    if judgement.passed and all(part.passed for part in parts):
        deploy_to_staging(context, version, beside(context, candidate, champion))
        parts += examine_slot(context, candidate, champion)
    judgement = tell_suite(context, candidate, champion, judgement, parts)
    if not judgement.passed:
        return _reject(context, version, judgement.reason, judgement)
    keep_answer(context, version, candidate.holdout)
    approver, comment = _ask(context, version)
    if approver is None:
        return _reject(context, version, comment, judgement)
    approved = new_approval(approver, champion)
    _approve(context, version, approved, comment or judgement.reason, judgement)
    return approved


def _ask(context: Context, version: RegisteredModel) -> tuple[str | None, str]:
    """Who approves, the policy or a person, and their comment; nobody and the reason where it was not approved."""
    if context.workload.release.approval == "auto":
        return "policy auto", ""
    emit(context, "perennial.release.waiting", str(version.version), {"model_version": version.version})
    limit = int(context.workload.release.approval_within.total_seconds())
    answer = suspend_flow_run(wait_for_input=Approval, timeout=limit, key="approval")
    by = f"{answer.by} (unverified)"
    return (by, answer.comment) if answer.approve else (None, f"{by} did not approve it. {answer.comment}".strip())


def _approve(context: Context, version: RegisteredModel, approved: Approved, why: str, judgement: Judgement) -> None:
    record(
        context,
        "approved",
        f"{version.version}-{approved.at}",
        f"Version {version.version} was approved by {approved.by}: {why}.",
        by=approved.by,
        model_version=version.version,
        dataset_version=version.tags[DATASET],
        evidence=_evidence(judgement),
    )
    approve(context, version, approved, {CARD: judgement.card})
    _clear_staging(context)


def _hand_over(context: Context, version: RegisteredModel, approved: Approved) -> State[Any]:
    """Start the promotion, a run of its own with production's identity, or find the one of this approval."""
    key = promotion_key(context.name, version.version, approved.at)
    run = start_once(PROMOTE, {"workload": context.name, "model_version": version.version}, key)
    summary = f"Version {version.version} of {context.name} was approved by {approved.by}."
    tell(context, "release", f"### {summary}\n\nIts promotion is the flow run [`{run}`](/runs/flow-run/{run}).")
    return Completed(message=summary)


def _reject(context: Context, version: RegisteredModel, reason: str, judgement: Judgement) -> State[Any]:
    tags = {CARD: judgement.card, REASON: reason[:4000], VERDICT: "rejected"}
    context.platform.models.tag(context.name, version.version, tags)
    _clear_staging(context)
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


def _clear_staging(context: Context) -> None:
    with suppress(NotFound):  # it may never have come as far as staging
        clear_staging(context)


def _evidence(judgement: Judgement) -> dict[str, Any]:
    checks = {check.name: check.seen for check in judgement.checks}
    compared = judgement.comparison
    failed = [check.name for check in judgement.checks if not check.passed]
    told = {"gates": checks, "failed": failed, "card": judgement.card}
    return told | ({} if compared is None else {"comparison": _as_dict(compared)})


def _as_dict(comparison: Any) -> dict[str, Any]:
    names = ("metric", "champion", "challenger", "difference", "low", "high", "rows", "verdict")
    return {name: getattr(comparison, name) for name in names}


def _tell_checks(context: Context, subject: str, checks: list[Check], description: str) -> None:
    tell_table(context, subject, [check.as_row() for check in checks], description)
