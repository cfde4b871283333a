"""What serves in production: slots, traffic and alias.

The way there is `tasks.rollout`: the traffic moves, then the alias. The slot that served before stays warm for the way
back, `tasks.going_back`. `reconcile` makes the alias follow the traffic: what serves is the champion.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.going_back import Return
from lifecycle.names import CHAMPION, PREVIOUS, PRODUCTION_SLOTS
from lifecycle.tags import PROMOTED_AT, VERDICT
from platforms.ports import Endpoint, NotFound, Slot, SlotState
from tasks.approval import waits_for_promotion
from tasks.context import Context
from tasks.endpoints import is_idle, live_slot, version_in


@dataclass(frozen=True)
class Live:
    """What serves in production."""

    endpoint: Endpoint
    slot: Slot
    version: int


def production(context: Context) -> Live | None:
    """What serves now, of a rollout the champion; None before the first release."""
    try:
        endpoint = context.platform.endpoints.get(context.name)
    except NotFound:
        return None
    champion = context.platform.models.by_alias(context.name, CHAMPION)
    slot = live_slot(endpoint, None if champion is None else champion.version)
    version = version_in(slot)
    return None if slot is None or version is None else Live(endpoint, slot, version)


def slot_beside(endpoint: Endpoint, version: int) -> str | None:
    """The slot that holds the version already, or else one that no request reaches; None where there is none."""
    for slot in endpoint.slots.values():
        if version_in(slot) == version and slot.state is not SlotState.FAILED:
            return slot.name
    return next((name for name in PRODUCTION_SLOTS if is_idle(endpoint, name)), None)


def remove_previous(context: Context, at: datetime, kept_version: int | None = None) -> str:
    """Delete the slot that served before once it was kept for as long as the workload says, and at once one whose
    version was rejected or gone back from, or whose approval production has overtaken; a sentence, or nothing.

    Going back stays possible: it takes as long as a promotion then, and no longer seconds. A version whose approval
    holds stays: it is on its way. So does kept_version, which an A/B test wants.
    """
    live = production(context)
    idle = [] if live is None else [slot for slot in live.endpoint.slots.values() if is_idle(live.endpoint, slot.name)]
    idle = [slot for slot in idle if kept_version is None or version_in(slot) != kept_version]
    if live is None or not idle:
        return ""
    kept = _kept_long_enough(context, live, at)
    done = []
    for slot in idle:
        verdict = _verdict(context, slot)
        left = verdict == "promoted" and _was_left(context, slot)
        waits = verdict == "approved" and waits_for_promotion(context, version_in(slot) or 0)
        useless = verdict == "rejected" or left or (verdict == "approved" and not waits)
        if useless or (kept and not waits):
            context.platform.endpoints.delete_slot(context.name, slot.name)
            why = ", whose version goes nowhere" if useless else " for longer than release.keep_previous"
            done.append(f"Slot {slot.name}, without traffic{why}, was deleted.")
    return " ".join(done)


def _was_left(context: Context, slot: Slot) -> bool:
    """Whether production went back from its version, and will not go back to it."""
    found = context.platform.models.get(context.name, version_in(slot) or 0)
    return PREVIOUS not in found.aliases and Return.of(found.version, found.tags) is not None


def _kept_long_enough(context: Context, live: Live, at: datetime) -> bool:
    keep = context.workload.release.keep_previous
    promoted = context.platform.models.get(context.name, live.version).tags.get(PROMOTED_AT)
    return keep is not None and promoted is not None and at - datetime.fromisoformat(promoted) >= keep


def _verdict(context: Context, slot: Slot) -> str:
    """Of the version in it; nothing where it holds none, or one that is no longer registered."""
    try:
        return context.platform.models.get(context.name, version_in(slot) or 0).tags.get(VERDICT, "")
    except NotFound:
        return ""
