"""A scenario played: the act begins, the harm is done, what recovers recovers, and the invariants are looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from lifecycle.names import CHAMPION, staging_endpoint
from lifecycle.tags import PROMOTED_AT
from platforms.ports import NotFound, SlotState
from tasks.endpoints import version_in
from tests.waiting import until
from tests.walk.bare import forget_broken_off, tell_broken_off
from tests.walk.boundaries import Call
from tests.walk.client import Client
from tests.walk.invariants import broken, look
from tests.walk.scenarios import Act, Scenario
from tests.walk.scene import KILLED, Run, Scene
from tests.walk.watching import Orders

SETTLE_SECONDS = 60.0
MEANWHILE_SECONDS = 6.0  # for what may have to wait until the one that stands still goes on


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    scenario: Scenario
    broken: list[str]
    seconds: float
    reached: bool = True  # whether the run came to the boundary at all
    told: str = ""  # the end of what the runs printed, where something is broken


def record(scene: Scene, act: Act) -> list[Call]:
    """The calls of an undisturbed run of the act. AssertionError where it does not end well."""
    begin(scene, act)
    with scene.client():
        run = scene.run(act.flow, _words(scene, act))
    assert run.code == 0, run.output
    scene.recover(run.started)
    return run.calls


def begin(scene: Scene, act: Act) -> None:
    """From whatever stands to where the act begins."""
    settle(scene)
    if act.cold:
        scene.delete_idle()
    if act.unreleased:
        scene.forget_verdict(scene.challenger)
        return
    scene.approve(scene.challenger)
    if act.promoted:
        with scene.client():
            run = scene.run("promote", f"{scene.name!r}, {scene.challenger}")
        assert run.code == 0, run.output
    if act.rolled_out:
        stepped = {"what": "endpoints.set_traffic", "where": "rollout.carry_out", "number": act.rolled_out}
        orders = scene.orders(harm="kill", at=stepped, moment="after")
        with scene.client():
            run = scene.run("promote", f"{scene.name!r}, {scene.challenger}", orders)
        assert run.code == KILLED, run.output


def play(scene: Scene, scenario: Scenario) -> Outcome:
    """Begin, harm, recover, look."""
    began = time.monotonic()
    begin(scene, scenario.act)
    harm, challenger, other = scenario.harm, scene.challenger, scene.other_candidate
    orders = scene.orders(harm=harm.inside, at=asdict(scenario.call), moment=scenario.moment, hours=harm.hours)
    since = time.monotonic()
    with scene.client() as client:
        if harm.inside == "outside":
            runs = _beside(scene, scenario, orders)
        else:
            runs = [scene.run(scenario.act.flow, _words(scene, scenario.act), orders)]
        reached = scenario.call in runs[0].calls
        if scenario.act.flow == "release":
            candidates = (challenger, other) if harm.meanwhile == "another" else (challenger,)
            for version, run in zip(candidates, runs, strict=False):
                if run.code != 0:
                    tell_broken_off(scene.folder, scene.name, version)
        runs += scene.recover([one for run in runs for one in run.started])
        if harm.meanwhile in ("gateway", "slot"):
            until(lambda: _answered_since(client, time.monotonic() - 1), SETTLE_SECONDS)
    silent = client.silent_for(since)
    seen = look(scene.platform, scene.name, [one.why for one in client.missed], silent, harm.meanwhile == "gateway")
    found = broken(seen)
    told = "\n".join(run.output[-1500:] for run in runs) if found else ""
    return Outcome(scenario, found, time.monotonic() - began, reached, told)


def _words(scene: Scene, act: Act) -> str:
    return f"{scene.name!r}, 'walked'" if act.flow == "rollback" else f"{scene.name!r}, {scene.challenger}"


def _beside(scene: Scene, scenario: Scenario, orders: Orders) -> list[Run]:
    """The run, which stands still at the boundary until the other thing was done or waits for the run itself."""
    runs: list[Run] = []
    words = _words(scene, scenario.act)
    challenger, candidate = scene.challenger, scene.other_candidate
    if scenario.harm.meanwhile == "another":
        let_compete = scene.forget_verdict if scenario.act.unreleased else scene.approve
        let_compete(candidate)
    thread = _in_thread(lambda: runs.append(scene.run(scenario.act.flow, words, orders)))
    here = Path(orders.folder) / "here"
    until(lambda: here.exists() or not thread.is_alive(), SETTLE_SECONDS)
    others: list[Run] = []
    other = _in_thread(lambda: others.extend(_meanwhile(scene, scenario, challenger, candidate)))
    other.join(MEANWHILE_SECONDS)  # after it: it waits for the limit that the run holds
    (here.parent / "go").touch()
    thread.join()
    other.join()
    return runs + others


def _meanwhile(scene: Scene, scenario: Scenario, challenger: int, candidate: int) -> list[Run]:
    what = scenario.harm.meanwhile
    if what == "rollback":
        return [scene.run("rollback", f"{scene.name!r}, 'walked'", forks=scene.other_forks)]
    if what == "promotion":
        return [scene.run("promote", f"{scene.name!r}, {challenger}", forks=scene.other_forks)]
    if what == "another":
        return [scene.run(scenario.act.flow, f"{scene.name!r}, {candidate}", forks=scene.other_forks)]
    if what == "gateway":
        scene.kill("gateway")
    if what == "slot":
        _kill_slot(scene)
    return []


def _kill_slot(scene: Scene) -> None:
    """The server of the champion's slot."""
    port = scene.service.addresses["gateway_admin"].rpartition(":")[2]
    servers = [one for one in psutil.process_iter(["cmdline"]) if port in (one.info["cmdline"] or [])]
    champion = scene.champion
    for gateway in servers:
        for child in gateway.children(recursive=True):
            with suppress(psutil.Error):
                environment = child.environ()
                if environment.get("PERENNIAL_MODEL_VERSION") == str(champion) and (
                    environment.get("PERENNIAL_ENDPOINT") == scene.name
                ):
                    child.kill()


def settle(scene: Scene) -> None:
    """One champion with all the traffic, whatever the scenario before has left broken."""
    endpoints = scene.platform.endpoints
    endpoint = endpoints.get(scene.name)
    given = {slot: share for slot, share in endpoint.traffic.items() if share}
    slot = max(given, key=lambda one: given[one])
    champion = version_in(endpoint.slots[slot])
    assert champion is not None
    until(lambda: endpoints.get(scene.name).slots[slot].state is SlotState.HEALTHY, SETTLE_SECONDS)
    if given != {slot: 100} or endpoint.mirror:
        endpoints.set_traffic(scene.name, {slot: 100})
    with suppress(NotFound):
        for candidate in endpoints.get(staging_endpoint(scene.name)).slots:
            endpoints.delete_slot(staging_endpoint(scene.name), candidate)
    forget_broken_off(scene.folder, scene.name)
    for one in scene.platform.models.versions(scene.name):
        # By a clock that was ahead: the other version, being older, would be taken for overtaken until then.
        if one.tags.get(PROMOTED_AT, "") > datetime.now(UTC).isoformat():
            scene.platform.models.tag(scene.name, one.version, {PROMOTED_AT: datetime.now(UTC).isoformat()})
    if scene.champion != champion:
        scene.platform.models.set_alias(scene.name, CHAMPION, champion)
    scene.reject(scene.other_candidate)


def _in_thread(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _answered_since(client: Client, moment: float) -> bool:
    return any(one > moment for one in reversed(client.answered_at))
