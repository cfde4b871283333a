"""An A/B test as whatever else touches production meets it: whether one runs, its end, and what is left of it.

Nothing is imported of Prefect here: going back ends a test, and is in a hurry.
"""

from __future__ import annotations

from lifecycle.ab_test import AbEnd, AbPlan
from lifecycle.names import CHAMPION, PREVIOUS
from platforms.ab_tests import AbTests
from tasks.clock import now
from tasks.context import Context
from tasks.endpoints import is_idle, version_in
from tasks.under_way import promotion_under_way


class TestUnderWay(RuntimeError):
    """An A/B test has both slots."""

    __test__ = False  # no test of pytest's


def tests_of(context: Context) -> AbTests:
    return AbTests(context.platform.blobs, context.name)


def end_test(context: Context, plan: AbPlan, why: str, by: str) -> AbEnd:
    """It is over, and all callers get the champion within a second or two; its run tells the answer."""
    tests = tests_of(context)
    end = tests.end(plan.test, AbEnd(at=now(), why=why[:4000], by=by))
    tests.withdraw()
    return end


def running_test(context: Context) -> AbPlan | None:
    """The one that is not over."""
    plan = tests_of(context).open()
    return None if plan is None or tests_of(context).ended(plan.test) is not None else plan


def require_no_test_of_another(context: Context, version: int) -> None:
    """TestUnderWay where a test has the slot that this version would be deployed to."""
    plan = running_test(context)
    if plan is not None and version not in (plan.challenger, plan.champion):
        raise TestUnderWay(
            f"Version {version} of {context.name} cannot be deployed: an A/B test compares the versions "
            f"{plan.champion} and {plan.challenger}, and both slots are in use. Wait for its end, or end it by "
            f"`perennial ab stop {context.name}`, and release this one again."
        )


def clear_after_test(context: Context) -> str:
    """Delete the slot of a challenger whose test is over and that is not on its way; a sentence, or nothing."""
    plan = tests_of(context).newest()
    if plan is None or running_test(context) is not None or promotion_under_way(context, plan.challenger):
        return ""
    models = context.platform.models
    kept = [models.by_alias(context.name, alias) for alias in (CHAMPION, PREVIOUS)]
    if any(one is not None and one.version == plan.challenger for one in kept):
        return ""
    endpoint = context.platform.endpoints.get(context.name)
    idle = [
        slot.name
        for slot in endpoint.slots.values()
        if version_in(slot) == plan.challenger and is_idle(endpoint, slot.name)
    ]
    for slot in idle:
        context.platform.endpoints.delete_slot(context.name, slot)
    return f"Slot {idle[0]}, of an A/B test that is over, was deleted." if idle else ""
