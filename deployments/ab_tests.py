"""`perennial ab`: start, show and stop an A/B test."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from deployments.environment import reach
from deployments.prefect_client import prefect_of
from lifecycle.ab_test import AbPlan, why_not
from lifecycle.names import AB_TEST, CHAMPION, ab_test_key, ab_test_name
from platforms.ab_tests import AbTests
from platforms.choose import choose_platform
from platforms.settings import Settings
from platforms.workloads import find_workload


def start_test(settings: Settings, workload: str, parameters: dict[str, Any]) -> str:
    """Start the run that plans it and carries it out; where to look, in a sentence. LookupError where there can be no
    such test, as far as the registry tells; the run looks closer."""
    name = find_workload(settings.workloads, workload).workload.name
    models, challenger = choose_platform(settings).models, int(parameters["challenger"])
    champion = models.by_alias(name, CHAMPION)
    why = why_not(challenger, None if champion is None else champion.version, models.get(name, challenger).tags)
    if why:
        raise LookupError(f"There can be no such test: {why}.")
    key = ab_test_name(datetime.now(UTC), secrets.token_hex(3))
    with prefect_of(settings) as client:
        found = client.read_deployment_by_name(AB_TEST)
        run = client.create_flow_run_from_deployment(
            found.id,
            parameters={"workload": name, "test": key, **parameters},
            idempotency_key=ab_test_key(name, key),
        )
    return f"The A/B test {key} of {name} is the flow run {run.id}: perennial ab show {name} tells how it stands."


def stop_test(settings: Settings, workload: str, why: str, by: str) -> str:
    """End the one that runs: its callers get the champion at once. LookupError where none does."""
    plan = _open(settings, workload)
    reach(settings)
    from tasks.ab_running import end_test
    from tasks.context import open_context

    context = open_context(plan.workload, settings)
    end = end_test(context, plan, why, by)
    parameters = {"workload": plan.workload, "challenger": plan.challenger, "test": plan.test}
    with prefect_of(settings) as client:  # the test's own run may hold for an hour; whoever comes first tells
        found = client.read_deployment_by_name(AB_TEST)
        run = client.create_flow_run_from_deployment(found.id, parameters=parameters)
    return f"The A/B test {plan.test} is over: {end.why}. The flow run {run.id} tells its answer."


def show_test(settings: Settings, workload: str, as_json: bool) -> str:
    """How the last one stands, or what came of it, by the labels that are there. LookupError where there is none."""
    name = find_workload(settings.workloads, workload).workload.name
    tests = AbTests(choose_platform(settings).blobs, name)
    plan = tests.newest()
    if plan is None:
        raise LookupError(f"{name} has no A/B test. Start one: perennial ab start {name} --challenger VERSION.")
    from tasks.ab_looking import as_record, as_table, look
    from tasks.context import open_context

    end = tests.ended(plan.test)
    answer = look(open_context(name, settings), plan, None if end is None else end.at)
    told = plan.model_dump(mode="json", exclude={"salt"})
    if as_json:
        ended = None if end is None else end.model_dump(mode="json")
        return json.dumps({"plan": told, "end": ended, "answer": as_record(answer)}, indent=1)
    lines = [f"A/B test {plan.test} of {name}: version {plan.challenger} for {plan.share} % of the callers"]
    lines += [", ".join(f"{key}: {value}" for key, value in row.items()) for row in as_table(answer, plan)]
    until = "until it is ended" if plan.until is None else f"until {plan.until:%Y-%m-%d %H:%M} UTC"
    lines.append(f"It runs {until}." if end is None else f"It is over: {end.why}.")
    return "\n".join([*lines, f"{answer.verdict}: {answer.why}"])


def _open(settings: Settings, workload: str) -> AbPlan:
    name = find_workload(settings.workloads, workload).workload.name
    plan = AbTests(choose_platform(settings).blobs, name).open()
    if plan is None:
        raise LookupError(f"No A/B test of {name} runs.")
    return plan
