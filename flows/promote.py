"""promote: what a release approved goes to production, beside what serves, and takes over. It knows no other stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prefect import flow, runtime
from prefect.concurrency.sync import concurrency
from prefect.states import Completed, State

from flows.parameters import LEASE_SECONDS, ApprovedVersion, WorkloadName
from lifecycle.going_back import Return
from lifecycle.rollout import Conclude, Deploy, Ended, Enter, GoBack, Progress, Standing, Wait, plan
from lifecycle.tags import APPROVED_AT, APPROVED_BY, DATASET, FORCED, PROMOTED_AT, VERDICT
from platforms.ports import RegisteredModel
from tasks.approval import NotApproved, require_approval
from tasks.batch_default import start_comparison
from tasks.clock import now
from tasks.context import Context, open_context
from tasks.endpoints import await_healthy, version_in
from tasks.evidence import require_evidence
from tasks.going_back import carry_on_alone
from tasks.holding import hold
from tasks.native_monitor import apply_native_monitor
from tasks.probe import probe
from tasks.promotion import production, slot_beside
from tasks.reconciling import reconcile_alias
from tasks.rolling import Turn, foretell_if_compared, next_turn, tell_step, tell_turn
from tasks.rollout import carry_out, deploy_beside, standing_of
from tasks.story import emit, record, tell, this_run


@flow(
    name="promote",
    flow_run_name="promote-{workload}",
    description="Take an approved version to production, step by step as its workload says.",
)
def promote(workload: WorkloadName, model_version: ApprovedVersion) -> State[Any]:
    """Completed once the version serves, or was rolled back; Failed where it may not or the platform fails. Safe to run
    again: it goes on where the rollout stands.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        model_version: The version that a release approved.
    """
    context = open_context(workload)
    with _alone(context):
        version = context.platform.models.get(workload, model_version)
        carry_on_alone(context, this_run())  # a rollback may have been killed before its alias had moved
        reconcile_alias(context, this_run())  # and a promotion after its traffic had
        live = production(context)
        if live is not None and live.version == version.version:
            return _conclude(context, version)
        if Progress.of(version.tags) is None or version.tags.get(VERDICT) == "promoted":  # else it has begun
            _require_approval(context, version, standing_of(context, version.version))
    while True:
        turn = next_turn(context, version.version)
        tell_turn(context, turn)
        if isinstance(turn.action, Wait):
            hold(turn.action.pause)
        elif isinstance(turn.action, GoBack):
            return _go_back(context, version, turn, turn.action.reason)  # without the lock: it never waits
        elif isinstance(turn.action, Ended) and turn.action.verdict == "rejected":
            return Completed(message=_ended(context, version))
        elif isinstance(turn.action, Deploy):
            _deploy(context, version)
        else:
            ended = _go_on(context, version, turn)
            if ended is not None:
                return ended


def _alone(context: Context) -> Any:
    return concurrency(f"release-{context.name}", occupy=1, strict=True, lease_duration=LEASE_SECONDS)


def _deploy(context: Context, version: RegisteredModel) -> None:
    """Beside production. The lock is not held while the slot comes up, which on Azure takes minutes."""
    with _alone(context):
        slot = deploy_beside(context, version)
    await_healthy(context, context.name, slot, version)


def _go_on(context: Context, version: RegisteredModel, turn: Turn) -> State[Any] | None:
    """The next step, if what was seen still stands; how the run ends, if it was the last."""
    with _alone(context):
        if isinstance(turn.action, Enter):
            try:
                _require_approval(context, version, turn.standing)
            except NotApproved as refusal:
                if not turn.standing.exposed:
                    raise
                return _go_back(context, version, turn, str(refusal))
            if turn.standing.progress is None:
                _probe(context, version, turn.standing)
        if not _still_stands(context, turn):
            return None
        if isinstance(turn.action, Enter):
            tell_step(context, turn)
            carry_out(context, turn.standing, plan(turn.action, turn.standing, now()))
            if not turn.action.step.whole:
                return None
            turn = next_turn(context, version.version)
        if isinstance(turn.action, Conclude):
            _record(context, version)
            carry_out(context, turn.standing, plan(turn.action, turn.standing, now()))
        elif turn.action != Ended("promoted"):
            return None  # in this very moment somebody went back
        return _conclude(context, context.platform.models.get(context.name, version.version))


def _still_stands(context: Context, seen: Turn) -> bool:
    """The last look before anything is written: whether nobody changed anything, as one who goes back without a lock
    from this version, or from the champion."""
    if standing_of(context, seen.standing.challenger) != seen.standing:
        return False
    return carry_on_alone(context, this_run()) is None


def _probe(context: Context, version: RegisteredModel, standing: Standing) -> None:
    """Before any client's request reaches the slot."""
    slot = slot_beside(context.platform.endpoints.get(context.name), version.version) or ""
    probe(context, slot, version)
    foretell_if_compared(context, version, standing)


def _require_approval(context: Context, version: RegisteredModel, standing: Standing) -> None:
    """NotApproved, on the record, unless the version may replace what is the champion now."""
    if not standing.traffic and standing.champion == version.version:
        return  # it was production that went, with everything in it
    try:
        newest = replace(version, tags=standing.tags)
        approved = require_approval(newest, standing.champion, context.platform.models.versions(context.name))
        require_evidence(context, newest, approved)
    except NotApproved as refusal:
        record(
            context, "refused", f"{version.version}-{runtime.flow_run.id}", str(refusal), model_version=version.version
        )
        tell(context, "promotion", f"### {refusal}\n\nProduction was not touched.")
        raise


def _conclude(context: Context, version: RegisteredModel) -> State[Any]:
    """What remains once the traffic has moved, in this run or in an earlier one, since killed."""
    known = version.tags.get(PROMOTED_AT) if version.tags.get(VERDICT) == "promoted" else None
    if known is None:
        tags = {PROMOTED_AT: now().isoformat(), VERDICT: "promoted"}
        context.platform.models.tag(context.name, version.version, tags)
    summary, key = _record(context, version)
    left = Return.of(version.version, version.tags)
    if left is not None:
        return Completed(message=f"{summary} Then {context.name} went back to version {left.back}: {left.reason}.")
    live = production(context)
    if live is None or live.version != version.version:  # while this run wrote what it had seen
        return Completed(
            message=f"{summary} Then its traffic was taken from it. {reconcile_alias(context, this_run())}"
        )
    emit(context, "perennial.release.promoted", key, {"model_version": version.version})
    watched = apply_native_monitor(context)
    url = context.platform.endpoints.get(context.name).scoring_url
    by = version.tags.get(APPROVED_BY, "nobody")
    text = f"### {summary}\n\nClients POST to `{url}`.\n\nIt was approved by {by}.\n\n{watched}"
    tell(context, "promotion", text)
    start_comparison(context)
    return Completed(message=summary)


def _record(context: Context, version: RegisteredModel) -> tuple[str, str]:
    """The ledger's entry, in a sentence, and its key. It is written before the alias: whoever goes back comes after."""
    endpoint = context.platform.endpoints.get(context.name)
    slot = next((one.name for one in endpoint.slots.values() if version_in(one) == version.version), "")
    summary = f"Version {version.version} of {context.name} serves in production, in slot {slot}."
    by, forced = version.tags.get(APPROVED_BY, "nobody"), version.tags.get(FORCED, "")
    summary += f" It was {forced}." if forced else ""
    key = "-".join([str(version.version), *([version.tags[APPROVED_AT]] if APPROVED_AT in version.tags else [])])
    evidence = {"slot": slot, "approved_by": by, **({"forced": forced} if forced else {})}
    known = {"model_version": version.version, "dataset_version": version.tags[DATASET]}
    record(context, "promoted", key, summary, **known, evidence=evidence)
    return summary, key


def _go_back(context: Context, version: RegisteredModel, turn: Turn, reason: str) -> State[Any]:
    """By itself: the champion gets all the requests again, and the version is rejected."""
    carry_out(context, turn.standing, plan(GoBack(reason), turn.standing, now()))
    champion = turn.standing.champion
    summary = f"Version {version.version} of {context.name} went back to version {champion}: {reason}."
    key = f"{version.version}-{version.tags.get(APPROVED_AT, '')}"
    evidence = {"from": version.version, "reason": reason, "signals": turn.evidence}
    record(context, "rolled-back", key, summary, model_version=champion, evidence=evidence)
    told = {"model_version": champion, "from": version.version, "reason": reason[:4000]}
    emit(context, "perennial.release.rolled_back", key, told)
    tell(context, "promotion", f"### {summary}\n\nAll requests go to version {champion} again.")
    return Completed(message=summary)


def _ended(context: Context, version: RegisteredModel) -> str:
    """Somebody rolled it back, or an earlier run did that was killed before it could say so."""
    reason = standing_of(context, version.version).why_rejected
    summary = f"The rollout of version {version.version} of {context.name} was ended: {reason}"
    tell(context, "promotion", f"### {summary}")
    return summary
