"""release: a candidate goes through its gates and staging, and is approved or rejected. It knows no production."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from prefect import flow
from prefect.concurrency.sync import concurrency
from prefect.states import Completed, State

from flows.parameters import LEASE_SECONDS, EvidenceDigest, ForcedBy, ForceReason, ModelVersion, WorkloadName
from lifecycle.approval import Answer, Evidence, Forced, policy_approves
from lifecycle.names import CHAMPION, PROMOTE, promotion_key
from lifecycle.tags import CARD, DATASET, REASON, VERDICT
from platforms.approvals import read_request
from platforms.ports import NotFound, RegisteredModel
from tasks.approval import Approved, approval_by, approval_of, approve, overtaken
from tasks.asking import abandon, ask, own_request
from tasks.clock import now
from tasks.context import Context, open_context
from tasks.evidence import keep, keep_answer, void_now, why_unfounded
from tasks.forcing import forced_release
from tasks.gates import judge, load_candidate
from tasks.gathering import gather
from tasks.identity import requester_of_this_run
from tasks.model_card import tell_suite
from tasks.probe import keep_answer as keep_probe
from tasks.retrained import is_to_be_retrained, start_retraining
from tasks.silence import end_waiting_run, unanswered_in_time, waits_elsewhere
from tasks.staging import Check, clear_staging, deploy_to_staging
from tasks.staging_suite import beside, examine_model, examine_slot, keeps_contract
from tasks.starting import start_once
from tasks.story import emit, record, tell, tell_table


@flow(
    name="release",
    flow_run_name="release-{workload}",
    description="Take a candidate through its gates and staging; start the promotion of what is approved.",
)
def release(
    workload: WorkloadName,
    model_version: ModelVersion = None,
    forced_by: ForcedBy = None,
    force_reason: ForceReason = None,
    unanswered: EvidenceDigest = None,
) -> State[Any]:
    """Completed, approved or rejected; Failed where the platform did not do its part. Safe to run again.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        model_version: A version in the registry. Empty: the newest.
        forced_by: Who answers for a release that goes on though gates fail. Empty: gates that fail stop it.
        force_reason: Why gates that fail are not to stop it. It stays with the version.
        unanswered: Leave it empty. The evidence whose time limit this run was scheduled for.
    """
    context = open_context(workload)
    with concurrency(f"release-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        version = _candidate(context, model_version)
        forced = forced_release(context, version, forced_by, force_reason)
        outcome = _silence(context, version, unanswered) if unanswered else _outcome(context, version, forced)
    if unanswered:
        end_waiting_run(context, version.version, unanswered)  # only now: it takes the same limit
    # Only now, since the promotion takes the same limit.
    return _hand_over(context, version, outcome) if isinstance(outcome, Approved) else outcome


def _candidate(context: Context, wanted: int | None) -> RegisteredModel:
    if wanted is not None:
        return context.platform.models.get(context.name, wanted)
    versions = context.platform.models.versions(context.name)
    if not versions:
        raise NotFound(f"{context.name} has no model version to release. Train one first.")
    return versions[-1]


def _outcome(context: Context, version: RegisteredModel, forced: Forced | None) -> Approved | State[Any]:
    """The approval, this run's or one that waits for its promotion; or how the run ends without."""
    models = context.platform.models
    champion = models.by_alias(context.name, CHAMPION)
    current = None if champion is None else champion.version
    waiting = approval_of(version)
    if waiting is not None and _holds(context, version, waiting, current):
        _clear_staging(context)
        return waiting
    if current == version.version:
        _clear_staging(context)  # of the release that a kill kept from it
        return Completed(message=f"Version {version.version} of {context.name} is the champion already.")
    if version.tags.get(VERDICT) == "rejected" and forced is None:
        _clear_staging(context)
        return Completed(message=f"Version {version.version} was rejected before: {version.tags.get(REASON, '')}")
    elsewhere = waits_elsewhere(context, version.version)
    if elsewhere is not None:
        return Completed(message=elsewhere)
    return _decide(context, version, champion, forced)


def _holds(context: Context, version: RegisteredModel, approved: Approved, current: int | None) -> bool:
    versions = context.platform.models.versions(context.name)
    return overtaken(version, approved, current, versions) is None and not why_unfounded(context, version, approved)


def _decide(
    context: Context, version: RegisteredModel, champion: RegisteredModel | None, forced: Forced | None
) -> Approved | State[Any]:
    """Gather the evidence, unless this run has asked about it already and it holds; then approve or reject."""
    evidence = _asked_before(context, version, champion)
    if evidence is None:
        evidence = _through_staging(context, version, champion, forced)
    if evidence.failed and not _may_go_on(evidence):
        return _reject(context, version, evidence.reason, evidence)
    if forced is None and is_to_be_retrained(context, version):
        return _retrain(context, version)
    answer = _answer(context, evidence)
    if not answer.approved:
        return _reject(context, version, _refusal(answer), evidence)
    approved = approval_by(answer, evidence)
    _approve(context, version, approved, answer.comment or evidence.reason, evidence)
    return approved


def _retrain(context: Context, version: RegisteredModel) -> State[Any]:
    """What passed is trained anew before anybody is asked about it."""
    run = start_retraining(context, version)
    _clear_staging(context)
    summary = f"Version {version.version} of {context.name} passed staging, and is trained anew on the newest data."
    tell(
        context,
        "release",
        f"### {summary}\n\nThat is the flow run [`{run}`](/runs/flow-run/{run}); what it makes is released.",
    )
    return Completed(message=summary)


def _asked_before(context: Context, version: RegisteredModel, champion: RegisteredModel | None) -> Evidence | None:
    """What this run has asked a person about, if it still says what is there."""
    asked = own_request(context, version.version)
    if asked is None:
        return None
    why = void_now(asked.evidence, version, None if champion is None else champion.version)
    if why is None:
        return asked.evidence
    abandon(context, asked, why)
    return None


def _through_staging(
    context: Context, version: RegisteredModel, champion: RegisteredModel | None, forced: Forced | None
) -> Evidence:
    """What the gates and staging say. A candidate that fails its gates sees no staging, unless it is forced."""
    candidate = load_candidate(context, version)
    judgement = judge(context, candidate, champion)
    _tell_checks(context, "gates", judgement.checks, "What the candidate had to reach")
    parts = examine_model(context, candidate, champion) if judgement.passed or forced else []
    if forced or (judgement.passed and all(part.passed for part in parts)):
        deploy_to_staging(context, version, beside(context, candidate, champion))
        parts += examine_slot(context, candidate, champion)
        if keeps_contract(parts):
            keep_probe(context, version, candidate.holdout)
    card = tell_suite(context, candidate, champion, judgement, parts).card
    return gather(version, champion, judgement, parts, forced, card)


def _may_go_on(evidence: Evidence) -> bool:
    """Gates that failed stop no forced release; a slot that does not keep its contract stops any."""
    return evidence.forced is not None and all(check.passed for check in evidence.staging)


def _answer(context: Context, evidence: Evidence) -> Answer:
    """The policy's answer, or a person's."""
    keep(context, evidence)
    policy = policy_approves(context.workload.release.approval, evidence)
    if policy is None:
        return ask(context, evidence, requester_of_this_run(context, evidence.model_version))
    answer = Answer(evidence=evidence.digest, approved=True, by=None, policy=policy, at=now())
    return keep_answer(context, evidence, answer)


def _refusal(answer: Answer) -> str:
    if answer.by is None:
        return answer.comment
    return f"{answer.told_by} did not approve it. {answer.comment}".strip()


def _silence(context: Context, version: RegisteredModel, digest: str) -> State[Any]:
    """Reject what nobody answered in time; nothing where somebody did."""
    answer = unanswered_in_time(context, version.version, digest)
    request = read_request(context.platform.blobs, context.name, version.version)
    if answer is None or request is None or version.tags.get(VERDICT) == "rejected":
        return Completed(message=f"Version {version.version} of {context.name} was answered about.")
    return _reject(context, version, _refusal(answer), request.evidence)


def _approve(context: Context, version: RegisteredModel, approved: Approved, why: str, evidence: Evidence) -> None:
    forced = f" It was {approved.forced}." if approved.forced else ""
    record(
        context,
        "approved",
        f"{version.version}-{approved.at}",
        f"Version {version.version} was approved by {approved.by}: {why}.{forced}",
        by=approved.by,
        model_version=version.version,
        dataset_version=version.tags[DATASET],
        evidence=_evidence(evidence),
    )
    approve(context, version, approved, {CARD: evidence.card})
    _clear_staging(context)


def _hand_over(context: Context, version: RegisteredModel, approved: Approved) -> State[Any]:
    """Start the promotion, a run of its own with production's identity, or find the one of this approval; nothing where
    the workload has it promoted by hand."""
    if context.workload.release.promotion == "by_hand":
        summary = f"Version {version.version} of {context.name} was approved by {approved.by}, and waits."
        command = f"perennial promote {context.name} {version.version}"
        tell(context, "release", f"### {summary}\n\n`{command}` takes it to production; an A/B test may come first.")
        return Completed(message=summary)
    key = promotion_key(context.name, version.version, approved.at)
    run = start_once(PROMOTE, {"workload": context.name, "model_version": version.version}, key)
    forced = f" It was {approved.forced}." if approved.forced else ""
    summary = f"Version {version.version} of {context.name} was approved by {approved.by}.{forced}"
    tell(context, "release", f"### {summary}\n\nIts promotion is the flow run [`{run}`](/runs/flow-run/{run}).")
    return Completed(message=summary)


def _reject(context: Context, version: RegisteredModel, reason: str, evidence: Evidence) -> State[Any]:
    tags = {CARD: evidence.card, REASON: reason[:4000], VERDICT: "rejected"}
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
        evidence=_evidence(evidence),
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


def _evidence(evidence: Evidence) -> dict[str, Any]:
    """As the ledger tells it."""
    gates = {check.name: check.seen for check in (*evidence.gates, *evidence.staging)}
    failed = [check.name for check in evidence.failed]
    told: dict[str, Any] = {"digest": evidence.digest, "gates": gates, "failed": failed, "card": evidence.card}
    if evidence.compared is not None:
        told["comparison"] = evidence.compared.model_dump()
    if evidence.forced is not None:
        told["forced"] = evidence.forced.model_dump()
    return told


def _tell_checks(context: Context, subject: str, checks: list[Check], description: str) -> None:
    tell_table(context, subject, [check.as_row() for check in checks], description)
