"""What a killed run left in the middle is started again, so that nobody has to look.

A promotion whose process was killed leaves a rollout in the middle, a champion that was not told of, or an approval
that nobody acts on. What stands decides: the version is approved, and what it was compared with still serves. Where the
workload leaves promotions to people, an approval waits for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lifecycle.names import AB_TEST, PROMOTE, RELEASE, ab_test_key, promotion_key, release_key
from lifecycle.tags import APPROVED_AT, RETRAINED, VERDICT
from platforms.ports import RegisteredModel
from tasks.ab_running import running_test, tests_of
from tasks.approval import approval_of, waits_for_promotion
from tasks.batch_default import align, ever_scored, in_turn, start_comparison
from tasks.context import Context
from tasks.releasing import start_release
from tasks.retrained import ASKED, start_retraining
from tasks.rollout import rollout_under_way
from tasks.starting import GivenUp, start_once
from tasks.under_way import ab_test_under_way, broken_off_releases

MOST_RUNS = 3  # of an approval: whatever kills a promotion each time is for people to look at


def carry_on_promotion(context: Context) -> str:
    """A rollout under way, else the newest approval that holds, has a run that carries it out; a sentence, or nothing.

    The run is the approval's own, or another where that one failed or crashed, `MOST_RUNS` at most.
    """
    version = _unfinished(context)
    if version is None:
        return ""
    approved_at = context.platform.models.get(context.name, version).tags.get(APPROVED_AT, "")
    parameters = {"workload": context.name, "model_version": version}
    key = promotion_key(context.name, version, approved_at)
    try:
        run = start_once(PROMOTE, parameters, key, most=MOST_RUNS)
    except GivenUp as why:
        return f"Version {version} is approved and not promoted: {why} Release it again, or roll it back."
    return f"Version {version} is promoted by the run {run}."


def carry_on_release(context: Context) -> str:
    """A version whose release was killed or failed is released again, with the same parameters; a sentence, or nothing.

    Also after its verdict: staging is for a release alone to clear. `MOST_RUNS` times at most.
    """
    versions = context.platform.models.versions(context.name)
    for parameters in broken_off_releases(context):
        wanted = parameters.get("model_version")
        version = next((one for one in versions if one.version == wanted), None)
        if version is None or not _is_to_be_released(version, parameters):
            continue
        key = release_key(context.name, version.version)
        with suppress(GivenUp):
            run = start_once(RELEASE, parameters, key, most=MOST_RUNS)
            return f"Version {version.version} is released by the run {run}."
    return ""


def carry_on_retraining(context: Context) -> str:
    """What passed staging and is to be trained anew, is, and what was trained for that is released; a sentence, or
    nothing. Runs that did not end well are started again, `MOST_RUNS` at most."""
    for version in reversed(context.platform.models.versions(context.name)):
        retrained = version.tags.get(RETRAINED, "")
        if not retrained or version.tags.get(VERDICT):
            continue
        with suppress(GivenUp):
            if retrained == ASKED:
                run = start_retraining(context, version, MOST_RUNS)
                return f"Version {version.version} is trained anew by the run {run}."
            run = start_release(context, version, MOST_RUNS)
            return f"Version {version.version} is released by the run {run}."
    return ""


def carry_on_test(context: Context) -> str:
    """An A/B test has a run that carries it out, or tells its answer; a sentence where it was started, or nothing."""
    plan = tests_of(context).open()
    if plan is None or ab_test_under_way(context):
        return ""
    parameters = {"workload": context.name, "challenger": plan.challenger, "test": plan.test}
    run = start_once(AB_TEST, parameters, ab_test_key(context.name, plan.test), lambda: True)
    return f"The A/B test of version {plan.challenger} is carried out by the run {run}."


def carry_on_batches(context: Context) -> str:
    """The batch endpoint's default is what the rule says, and a comparison that is still to be made is started."""
    if not ever_scored(context):
        return ""
    with in_turn(context):
        align(context)
    run = start_comparison(context)
    return "" if run is None else f"The champion is compared on the last batch by the run {run}."


def _is_to_be_released(version: RegisteredModel, parameters: Mapping[str, Any]) -> bool:
    """Not what was promoted since, and maybe gone back from, nor what somebody rejected though it was forced."""
    verdict = version.tags.get(VERDICT, "")
    if verdict == "promoted" or parameters.get("unanswered"):
        return False
    return verdict != "rejected" or not parameters.get("forced_by")


def _unfinished(context: Context) -> int | None:
    standing = rollout_under_way(context)
    if standing is not None:
        return standing.challenger
    if context.workload.release.promotion == "by_hand" or running_test(context) is not None:
        return None  # people decide, or a test does first
    newest_first = reversed(context.platform.models.versions(context.name))
    approved = (version.version for version in newest_first if approval_of(version) is not None)
    return next((version for version in approved if waits_for_promotion(context, version)), None)
