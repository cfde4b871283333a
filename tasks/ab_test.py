"""An A/B test carried out: what is deployed and written read as `lifecycle.ab_test` wants it, and brought about."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from lifecycle.ab_test import AbMetric, AbPlan, Better, Standing, why_not
from lifecycle.names import CHAMPION, ab_test_name
from lifecycle.tags import VERDICT
from platforms.ports import NotFound, RegisteredModel, SlotState
from tasks.ab_running import tests_of
from tasks.approval import approval_of
from tasks.clock import now
from tasks.context import Context
from tasks.endpoints import version_in
from tasks.evidence import why_unfounded
from tasks.rollout import rollout_under_way
from tasks.story import record


class NoTest(RuntimeError):
    """There can be no such test, or none runs; the message says why."""


def key_of(context: Context, marked: str) -> str:
    """The key of the test with that mark, or of a new one. Keys sort by when their tests began."""
    there = [key for key in tests_of(context).names() if key.endswith(f"-{marked}")]
    return there[-1] if there else ab_test_name(now(), marked)


def plan_test(
    context: Context,
    test: str,
    challenger: int,
    *,
    share: int,
    metric: AbMetric,
    better: Better | Literal[""],
    lasts: timedelta | None,
    stop_when_decided: bool,
    alpha: float,
    by: str,
) -> AbPlan:
    """The plan under that key, written now or before. NoTest says why there can be none; to be called alone."""
    tests = tests_of(context)
    there = tests.plan(test)
    if there is not None:
        return there
    running, champion = tests.open(), context.platform.models.by_alias(context.name, CHAMPION)
    if running is not None:
        raise NoTest(_refused(context, challenger, f"the test {running.test} of version {running.challenger} runs"))
    current = None if champion is None else champion.version
    version = context.platform.models.get(context.name, challenger)
    why = why_not(challenger, current, version.tags) or _unfounded(context, version) or _on_the_way(context)
    if why or current is None:
        raise NoTest(_refused(context, challenger, why))
    began = now()
    plan = AbPlan(
        test=test,
        workload=context.name,
        champion=current,
        challenger=challenger,
        share=share,
        metric=metric,
        better=better or ("smaller" if metric == "loss" else "larger"),
        alpha=alpha,
        stop_when_decided=stop_when_decided,
        began=began,
        until=None if lasts is None else began + lasts,
        by=by,
        salt=secrets.token_hex(16),
    )
    return tests.begin(plan)


def tell_beginning(context: Context, plan: AbPlan) -> None:
    """In the ledger, without the salt."""
    told = plan.model_dump(mode="json", exclude={"salt"})
    summary = f"An A/B test of version {plan.challenger} against version {plan.champion} of {context.name} began: "
    summary += f"{plan.share} % of the callers, compared by {plan.metric}."
    record(context, "ab-began", plan.test, summary, by=plan.by, model_version=plan.challenger, evidence=told)


def standing_of(context: Context, plan: AbPlan) -> Standing:
    """What is deployed and written of it."""
    tests, models = tests_of(context), context.platform.models
    champion = models.by_alias(context.name, CHAMPION)
    endpoint = context.platform.endpoints.get(context.name)
    slots = [slot for slot in endpoint.slots.values() if version_in(slot) == plan.challenger]
    return Standing(
        plan,
        None if champion is None else champion.version,
        models.get(context.name, plan.challenger).tags,
        slot=next((slot.name for slot in slots if slot.state is SlotState.HEALTHY), None),
        failed=any(slot.state is SlotState.FAILED for slot in slots),
        promoting=any(endpoint.traffic.get(slot.name, 0) + endpoint.mirror.get(slot.name, 0) > 0 for slot in slots),
        fronted=tests.fronted(plan.test),
        end=tests.ended(plan.test),
        concluded=tests.answer(plan.test) is not None,
    )


def _unfounded(context: Context, version: RegisteredModel) -> str:
    """Why its approval, by which it was promoted or may be, rests on nothing."""
    approved = approval_of(replace(version, tags={**version.tags, VERDICT: "approved"}))
    return "no release approved it" if approved is None else why_unfounded(context, version, approved) or ""


def _on_the_way(context: Context) -> str:
    try:
        endpoint = context.platform.endpoints.get(context.name)
    except NotFound:
        return "nothing serves that it could be compared with"
    standing = rollout_under_way(context)
    if standing is not None:
        return f"version {standing.challenger} is on its way to production"
    shared = [name for name, share in endpoint.traffic.items() if share > 0]
    return f"the slots {', '.join(shared)} share the requests" if len(shared) != 1 else ""


def _refused(context: Context, challenger: int, why: str) -> str:
    return f"Version {challenger} of {context.name} cannot be tested: {why}."
