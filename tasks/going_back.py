"""Going back: a rollout ended, or the traffic given to the version before. Needs no Prefect, and waits for no lock.

Whoever goes back is in a hurry, and may have to while Prefect's server is down. So nothing here is imported of it, and
what is written stands in an order that anybody can take up: the decision on the version that is left, the traffic, the
ledger, the alias. A promotion that was about to write finds the decision right before it does (`tasks.rollout`).
"""

from __future__ import annotations

from lifecycle.going_back import Return, goes_forth
from lifecycle.ledger import LedgerEntry
from lifecycle.names import CHAMPION, PREVIOUS
from lifecycle.tags import LEFT, PROMOTED_AT
from platforms.ports import NotFound, RegisteredModel, SlotState
from tasks.ab_running import end_test, running_test
from tasks.clock import now
from tasks.context import Context
from tasks.endpoints import bring_up, version_in
from tasks.promotion import Live, production, slot_beside
from tasks.rollout import end_rollout, rollout_under_way
from tasks.step import step


class NothingToRollBackTo(RuntimeError):
    """There is no other version that served, or nothing serves."""


class NotWarm(RuntimeError):
    """The version to go back to has to be brought up first."""

    def __init__(self, version: RegisteredModel) -> None:
        super().__init__(f"Version {version.version} of {version.name} is in no slot any more.")
        self.version = version


@step(name="go back")
def go_back(context: Context, reason: str, by: str, leave: int | None = None, to: int | None = None) -> Return | None:
    """What was done, or had been done before; None where another version than `leave` serves, and it never was left.

    Ends a rollout or an A/B test; else the version `to`, unsaid the one before, serves again. May be repeated: what a
    killed call began is carried on, and said `leave`, nothing is done twice. by: who does it. NotWarm where that
    version is in no healthy slot; NothingToRollBackTo.
    """
    ended = None
    if to is None:
        ended = _end_rollout(context, reason, by, leave) or _end_test(context, reason, by, leave)
    if ended is not None and ended.back != leave:
        return ended
    begun = carry_on(context, by)
    if begun is not None:
        return begun
    live = production(context)
    if leave is not None and live is not None and live.version != leave:
        return _left_before(context, leave, live.version)
    target = _target(context, live, to)
    if live is None or target is None:
        raise NothingToRollBackTo(f"{context.name} has no version to go back to.")
    return _leave(context, live.version, target, reason, by)


def carry_on(context: Context, by: str) -> Return | None:
    """Bring to its end what was begun of going back from the champion; None where nothing was."""
    champion = context.platform.models.by_alias(context.name, CHAMPION)
    begun = None if champion is None else Return.of(champion.version, champion.tags)
    if champion is None or begun is None:
        return None
    _bring_about(context, begun, champion, context.platform.models.get(context.name, begun.back), by)
    return begun


def carry_on_alone(context: Context, by: str) -> Return | None:
    """`carry_on`, and the version brought up again where its slot was lost meanwhile: the caller holds the lock."""
    try:
        return carry_on(context, by)
    except NotWarm as cold:
        bring_back(context, cold.version)
        return carry_on(context, by)


def bring_back(context: Context, version: RegisteredModel) -> None:
    """Have it in a healthy slot again, one without traffic. NothingToRollBackTo where both are in use."""
    slot = slot_beside(context.platform.endpoints.get(context.name), version.version)
    if slot is None:
        raise NothingToRollBackTo(f"Version {version.version} of {context.name} has no slot: both are in use.")
    bring_up(context, context.name, slot, version)


def warm_slot(context: Context, version: int) -> str | None:
    """The healthy slot that holds it."""
    slots = context.platform.endpoints.get(context.name).slots.values()
    held = (slot.name for slot in slots if version_in(slot) == version and slot.state is SlotState.HEALTHY)
    return next(held, None)


def _end_rollout(context: Context, reason: str, by: str, leave: int | None) -> Return | None:
    """None where there is none to end. One that went through in this very moment is gone back from, as from a champion:
    what served before has the traffic again already."""
    standing = rollout_under_way(context)
    if standing is None or standing.champion is None or leave not in (None, standing.challenger, standing.champion):
        return None
    if not end_rollout(context, standing, reason):
        back = context.platform.models.get(context.name, standing.champion)
        return _leave(context, standing.challenger, back, reason, by)
    return record_ended_rollout(context, standing.challenger, standing.champion, reason, by)


def record_ended_rollout(context: Context, challenger: int, champion: int, reason: str, by: str) -> Return:
    """Into the ledger, once; what was done."""
    tags = context.platform.models.get(context.name, challenger).tags
    done = Return.of_rollout(challenger, champion, tags) or Return(challenger, champion, now(), reason)
    _record(context, done, by)
    return done


def _end_test(context: Context, reason: str, by: str, leave: int | None) -> Return | None:
    """All callers get the champion again; None where no A/B test runs."""
    plan = running_test(context)
    if plan is None or leave not in (None, plan.challenger, plan.champion):
        return None
    end_test(context, plan, f"rolled back: {reason}", by)
    done = Return(plan.challenger, plan.champion, now(), reason)
    _record(context, done, by)
    return done


def _left_before(context: Context, leave: int, serves: int) -> Return | None:
    """How the version was left, where it was for the one that serves."""
    try:
        tags = context.platform.models.get(context.name, leave).tags
    except NotFound:
        return None
    found = Return.of(leave, tags) or Return.of_rollout(leave, serves, tags)
    return found if found is not None and found.back == serves else None


def _target(context: Context, live: Live | None, to: int | None) -> RegisteredModel | None:
    models = context.platform.models
    found = models.by_alias(context.name, PREVIOUS) if to is None else models.get(context.name, to)
    if found is not None and not found.tags.get(PROMOTED_AT):
        raise NothingToRollBackTo(f"Version {found.version} of {context.name} never was promoted: release it.")
    return None if found is None or live is None or found.version == live.version else found


def _leave(context: Context, left: int, target: RegisteredModel, reason: str, by: str) -> Return:
    if warm_slot(context, target.version) is None:
        raise NotWarm(target)
    models = context.platform.models
    if target.tags.get(LEFT):
        models.tag(context.name, target.version, {LEFT: ""})  # or, being champion, it would be left again
    decided = Return(left, target.version, now(), reason)
    models.tag(context.name, left, {LEFT: decided.as_tag()})
    _bring_about(context, decided, models.get(context.name, left), target, by)
    return decided


def _bring_about(context: Context, decided: Return, left: RegisteredModel, target: RegisteredModel, by: str) -> None:
    """All that follows from the decision, the alias last."""
    slot = warm_slot(context, target.version)
    if slot is None:
        raise NotWarm(target)
    models = context.platform.models
    context.platform.endpoints.set_traffic(context.name, {slot: 100})
    _record(context, decided, by)
    # Going back twice must not lead to the version that was left.
    before = left if goes_forth(left.tags, target.tags) else target
    models.set_alias(context.name, PREVIOUS, before.version)
    models.set_alias(context.name, CHAMPION, target.version)


def _record(context: Context, done: Return, by: str) -> None:
    summary = f"{context.name} went back from version {done.left} to version {done.back}: {done.reason}."
    evidence = {"from": done.left, "reason": done.reason}
    entry = LedgerEntry(
        kind="rolled-back", key=done.key, at=now(), by=by, summary=summary, model_version=done.back, evidence=evidence
    )
    context.ledger.write(entry)
