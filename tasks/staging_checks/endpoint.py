"""The endpoint: a bounded load on the staging slot, and on the champion's beside it, asked in turns."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np

from lifecycle.limits import ServiceLimits
from lifecycle.names import BASELINE_SLOT, STAGING_SLOT, staging_endpoint
from lifecycle.suite import LoadTest
from monitoring.load import FEWEST, Measured, measured, slower_by
from platforms.ports import NotFound, OnlineEndpoints, Refused
from platforms.trust import authorities
from tasks.baseline import await_baseline, keep_measured, measured_before, remove_baseline
from tasks.datasets import Holdout
from tasks.endpoints import request_body
from tasks.load import Answers, ask_in_turns
from tasks.staging import Check, not_applicable
from tasks.staging_checks.part import Figure, Part, Subject

TITLE = "endpoint under load"
WARM_UP = 20  # requests of each slot that do not count: the first ones import and allocate
SEED = 0


def endpoint(subject: Subject) -> Part:
    """Checks of errors, latencies and memory. What was measured is kept, for the next candidate."""
    context, champion = subject.context, subject.champion
    load, limits = context.workload.release.load, context.workload.monitor.service
    lacking = "there is no champion" if champion is None else await_baseline(context, champion)
    slots = [STAGING_SLOT] if lacking else [STAGING_SLOT, BASELINE_SLOT]
    answers, figures = ask_slots(context.platform.endpoints, staging_endpoint(context.name), slots, subject, load)
    if not lacking:
        remove_baseline(context)
    keep_measured(context, subject.candidate.version, figures[0])
    kept = measured_before(context, champion) if champion is not None and lacking else None
    theirs = figures[1] if len(figures) > 1 else kept
    checks = [*absolute(figures[0], answers[0], limits), _memory(figures[0], theirs, load.memory_growth_mb)]
    if champion is None or load.times_champion is None:
        why = "there is no champion" if champion is None else "release.load.times_champion is none"
        checks.append(not_applicable("not slower than the champion", why))
    else:
        latencies = answers[1].latencies_ms if len(answers) > 1 else _as_kept(kept, answers[0])
        checks.append(not_slower(answers[0].latencies_ms, latencies, load, load.times_champion, lacking))
    told = {"candidate": figures[0]} | ({} if theirs is None else {"champion": theirs})
    return Part(title=TITLE, checks=tuple(checks), figures=tuple(_figure(who, one) for who, one in told.items()))


def ask_slots(
    endpoints: OnlineEndpoints, name: str, slots: list[str], subject: Subject, load: LoadTest
) -> tuple[list[Answers], list[Measured]]:
    """Ask the slots in turns, warmed up; what each answered, and the figures of it."""
    url, key = endpoints.get(name).scoring_url, endpoints.key(name)
    bodies = _bodies(subject.candidate.holdout, load.rows)
    clients = [_client(key, slot, load.connections) for slot in slots]
    try:
        ask_in_turns(clients, url, bodies, requests=WARM_UP, connections=load.connections)
        before = _metrics(endpoints, name)
        answers, seconds = ask_in_turns(
            clients,
            url,
            bodies,
            requests=load.requests,
            connections=load.connections,
            within=load.within.total_seconds(),
        )
        after = _metrics(endpoints, name)
    finally:
        for client in clients:
            client.close()
    figures = []
    for slot, answered in zip(slots, answers, strict=True):
        memory = (_number(before, slot, "memory_mb"), _number(after, slot, "memory_mb"))
        start = _number(after, slot, "start_s")
        figures.append(measured(answered.latencies_ms, answered.errors, seconds, memory, start))
    return answers, figures


def absolute(found: Measured, answers: Answers, limits: ServiceLimits) -> list[Check]:
    """Errors, and the latencies that the workload limits for its service; both as `monitor.service` says."""
    seen = f"{found.asked - found.answered} of {found.asked} failed"
    seen += f", the first: {answers.first_error}" if answers.first_error else ""
    tolerated = 1.0 if limits.error_rate is None else limits.error_rate
    checks = [Check("requests are answered", found.error_rate <= tolerated, seen)]
    enough = f"{found.answered} answers; fewer than {FEWEST} tell nothing of latency"
    checks.append(Check("enough answers in time", found.answered >= FEWEST, enough))
    for name in ("p50_ms", "p95_ms", "p99_ms"):
        limit, value = getattr(limits, name), getattr(found, name)
        if limit is not None:
            fine = value is not None and value <= limit
            checks.append(Check(f"{name} at most {limit:g}", fine, "no answers" if value is None else f"{value:.1f}"))
    return checks


def not_slower(ours: list[float], theirs: list[float] | None, load: LoadTest, times: float, lacking: str = "") -> Check:
    """Whether the 95th percentile is surely beyond so many times the champion's, and beyond the floor.

    theirs: None where the champion was never measured, which fails: then nobody can tell.
    """
    name = f"p95 at most {times:g} times the champion's"
    if theirs is None:
        told = f"it cannot be evaluated: {lacking}, and nobody measured it before. See release.load"
        return Check(name, False, told)
    found = slower_by(ours, theirs, SEED)
    if found is None:
        return Check(name, False, f"it cannot be evaluated: {len(ours)} and {len(theirs)} answers are too few")
    ratio, low, high = found
    p95 = float(np.quantile(ours, 0.95))
    seen = f"{p95:.1f} ms, {ratio:.2f} times [{low:.2f}, {high:.2f}] the champion's"
    seen += f" of its own release ({lacking})" if lacking else ""
    seen += f"; up to {load.floor_ms:g} ms is fast enough" if p95 <= load.floor_ms else ""
    return Check(name, p95 <= load.floor_ms or low <= times, seen)


def _memory(found: Measured, theirs: Measured | None, limit: float | None) -> Check:
    name = "memory does not grow" if limit is None else f"memory grows by at most {limit:g} MB"
    growth = found.memory_growth_mb
    if growth is None:
        return not_applicable(name, "the platform does not tell what memory a slot holds")
    seen = f"{growth:+.1f} MB in {found.asked} requests, to {found.memory_mb:.0f} MB"
    if theirs is not None and theirs.memory_growth_mb is not None:
        seen += f"; champion: {theirs.memory_growth_mb:+.1f} MB"
    return Check(name, limit is None or growth <= limit, seen)


def _as_kept(kept: Measured | None, ours: Answers) -> list[float] | None:
    """The champion's percentile of its own release, as if every answer had taken so long."""
    if kept is None or kept.p95_ms is None:
        return None
    return [kept.p95_ms] * max(len(ours.latencies_ms), FEWEST)


def _bodies(holdout: Holdout, rows: int) -> list[bytes]:
    """Different requests of the newest held-out rows, in turn."""
    features = holdout.newest(50 * rows).features
    starts = range(0, max(len(features) - rows, 0) + 1, rows)
    return [json.dumps(request_body(features.iloc[start : start + rows])).encode() for start in starts]


def _client(key: str, slot: str, connections: int) -> httpx.Client:
    """One that counts every refusal against the slot: under load, not to answer is an answer."""
    headers = {"Authorization": f"Bearer {key}", "azureml-model-deployment": slot}
    limits = httpx.Limits(max_connections=connections)
    return httpx.Client(headers=headers, timeout=60.0, limits=limits, verify=authorities())


def _metrics(endpoints: OnlineEndpoints, name: str) -> dict[str, dict[str, Any]]:
    """Nothing where the platform does not tell us: memory is then not known, which the check says. Unavailable passes:
    what it would tell is to be asked again."""
    try:
        return endpoints.metrics(name)
    except (NotFound, Refused):
        return {}


def _number(metrics: dict[str, dict[str, Any]], slot: str, name: str) -> float | None:
    value = metrics.get(slot, {}).get(name)
    return None if value is None else float(value)


def _figure(who: str, found: Measured) -> Figure:
    return {"slot": who, **found.model_dump(), "error_rate": round(found.error_rate, 4)}
