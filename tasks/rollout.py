"""The rollout carried out: what is deployed read as `lifecycle.rollout` wants it, and its effects brought about.

Nothing here remembers anything: whoever comes after a kill reads the same. What goes back takes no lock, so that a
rollback never waits for a rollout; what goes forward asks once more whether it still may, right before it does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from lifecycle.names import CHAMPION
from lifecycle.rollout import Effect, GoBack, SetAlias, SetTraffic, Standing, WriteTags, plan
from lifecycle.tags import VERDICT
from platforms.ports import Endpoint, NotFound, RegisteredModel, SlotState
from tasks.ab_running import require_no_test_of_another
from tasks.clock import now
from tasks.context import Context
from tasks.endpoints import slot_tags, version_in
from tasks.promotion import slot_beside
from tasks.step import step
from tasks.under_way import promotion_under_way

_LAST_WRITE_SECONDS = 2.0  # that a promotion may need for what it had already begun


class RolloutUnderWay(RuntimeError):
    """Another version is on its way to production."""


def standing_of(context: Context, version: int) -> Standing:
    """What is deployed and written, seen from a version that wants to production."""
    models = context.platform.models
    found, champion = models.get(context.name, version), models.by_alias(context.name, CHAMPION)
    known = None if champion is None else champion.version
    try:
        endpoint = context.platform.endpoints.get(context.name)
    except NotFound:
        return Standing(version, known, found.tags)
    return Standing(
        version,
        known,
        found.tags,
        ready=_versions_in(endpoint, SlotState.HEALTHY),
        failed=_versions_in(endpoint, SlotState.FAILED),
        traffic=_by_version(endpoint, endpoint.traffic),
        mirror=_by_version(endpoint, endpoint.mirror),
    )


@step(name="deploy beside production")
def deploy_beside(context: Context, version: RegisteredModel) -> str:
    """Have the version brought up in the slot that no request reaches; the slot's name. RolloutUnderWay where none is,
    TestUnderWay where an A/B test has it.

    It returns before the slot is healthy.
    """
    require_no_test_of_another(context, version.version)
    endpoints = context.platform.endpoints
    endpoint = endpoints.ensure(context.name, {"workload": context.name, "stage": "production"})
    slot = slot_beside(endpoint, version.version)
    if slot is None:
        on_its_way = ", ".join(str(version_in(one)) for one in endpoint.slots.values())
        raise RolloutUnderWay(_busy(context, version, f"the versions {on_its_way} share the requests"))
    there = version_in(endpoint.slots.get(slot))
    if there is not None and there != version.version and _on_its_way(context, there):
        raise RolloutUnderWay(_busy(context, version, f"version {there} is on its way to production"))
    endpoints.deploy(context.name, slot, version, slot_tags(version))
    return slot


@step(name="change what serves")
def carry_out(context: Context, standing: Standing, effects: Sequence[Effect]) -> None:
    """Bring the effects about, in their order; any of them may be the last that is seen, and done again."""
    models = context.platform.models
    for effect in effects:
        if isinstance(effect, WriteTags):
            models.tag(context.name, standing.challenger, effect.tags)
        elif isinstance(effect, SetAlias):
            models.set_alias(context.name, effect.alias, effect.version)
        elif isinstance(effect, SetTraffic):
            slots = _slots(context.platform.endpoints.get(context.name))
            traffic, mirror = (
                {slots[version]: share for version, share in shares.items()}
                for shares in (effect.traffic, effect.mirror)
            )
            context.platform.endpoints.set_traffic(context.name, traffic, mirror)


def rollout_under_way(context: Context) -> Standing | None:
    """The rollout that a rollback would end."""
    try:
        endpoint = context.platform.endpoints.get(context.name)
    except NotFound:
        return None
    for version in _slots(endpoint):
        standing = standing_of(context, version)
        if standing.champion not in (None, version) and standing.under_way:
            return standing
    return None


@step(name="end the rollout")
def end_rollout(context: Context, standing: Standing, reason: str) -> bool:
    """The champion gets all the requests, at once; False where the version was promoted in this very moment.

    It takes no lock. A promotion that had begun to write sees the rejection right after, and undoes it itself.
    """
    deadline = time.monotonic() + _LAST_WRITE_SECONDS
    while True:
        carry_out.fn(context, standing, plan(GoBack(reason), standing, now()))
        time.sleep(0.1)  # for the one write that may have been on its way
        standing = standing_of(context, standing.challenger)
        if standing.champion == standing.challenger:
            return False
        if (standing.verdict == "rejected" and not standing.exposed) or time.monotonic() > deadline:
            return not standing.exposed


def _on_its_way(context: Context, version: int) -> bool:
    """Whether a run is about to give the version its first requests."""
    try:
        verdict = context.platform.models.get(context.name, version).tags.get(VERDICT)
    except NotFound:
        return False
    return verdict == "approved" and promotion_under_way(context, version)


def _slots(endpoint: Endpoint) -> dict[int, str]:
    """By version the slot that holds it."""
    return {version: slot.name for slot in endpoint.slots.values() if (version := version_in(slot)) is not None}


def _versions_in(endpoint: Endpoint, state: SlotState) -> frozenset[int]:
    found = (version_in(slot) for slot in endpoint.slots.values() if slot.state is state)
    return frozenset(version for version in found if version is not None)


def _by_version(endpoint: Endpoint, shares: object) -> dict[int, int]:
    found: dict[int, int] = {}
    for slot, share in dict(shares).items():  # type: ignore[call-overload]
        version = version_in(endpoint.slots.get(slot))
        if version is not None and share:
            found[version] = found.get(version, 0) + share
    return found


def _busy(context: Context, version: RegisteredModel, why: str) -> str:
    return (
        f"Version {version.version} of {context.name} cannot be deployed: {why}. Wait for its end, or end it by "
        f"`perennial rollback {context.name}`, and release this one again."
    )
