"""`python -m tests.walk.whole`: what only the whole service can survive, amid a rollout, with nobody looking.

A promotion runs as its deployment, in its worker. A part is killed; then nothing is done but to wait for the end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from deployments.stack_record import read_record
from lifecycle.tags import ROLLOUT, VERDICT
from tests.conftest import HTTP
from tests.service import running_service
from tests.waiting import until
from tests.walk.client import Client
from tests.walk.invariants import broken, look
from tests.walk.playing import settle
from tests.walk.scene import Scene, folder_for_runs

PATIENCE_SECONDS = 150.0


@dataclass(frozen=True)
class Survived:
    """What came of a harm."""

    harm: str
    broken: list[str]
    promoted_after: float  # seconds since the harm
    silent_for: float  # seconds, the longest that clients got no answer


def kill_flow(scene: Scene) -> None:
    """The process of the promotion: its worker sees it."""
    for process in _flows(scene):
        process.kill()


def kill_worker(scene: Scene) -> None:
    """The worker, and what it runs: nobody is left who could tell."""
    flows = _flows(scene)
    scene.kill("worker")
    for process in flows:
        with suppress(psutil.NoSuchProcess):
            process.kill()


HARMS: dict[str, Callable[[Scene], None]] = {
    "SIGKILL of the flow": kill_flow,
    "SIGKILL of the Prefect server": lambda scene: scene.kill("prefect"),
    "SIGKILL of the gateway": lambda scene: scene.kill("gateway"),
    "SIGKILL of MLflow": lambda scene: scene.kill("mlflow"),
    "SIGKILL of the worker with its flow": kill_worker,
}


def main(words: list[str]) -> int:
    """The exit code. Words: the harms, none: all."""
    found = []
    with _scene() as scene:
        for harm in words or list(HARMS):
            found.append(survive(scene, harm))
            print(found[-1], flush=True)
    print("| harm | broken | promoted after | clients without an answer for |\n|---|---|---|---|")
    for one in found:
        lost = "; ".join(one.broken) or "nothing"
        print(f"| {one.harm} | {lost} | {one.promoted_after:.0f} s | {one.silent_for:.1f} s |")
    return 1 if any(one.broken for one in found) else 0


def survive(scene: Scene, harm: str) -> Survived:
    """Promote the other version, do the harm in its first step, and wait until it is the champion."""
    settle(scene)
    version = scene.challenger
    scene.approve(version)
    with scene.client() as client:
        _start(scene, version)
        until(lambda: scene.platform.models.get(scene.name, version).tags.get(ROLLOUT, "")[:2] == "0 ", 120)
        at = time.monotonic()
        HARMS[harm](scene)
        with suppress(AssertionError):
            until(lambda: _promoted(scene, version), PATIENCE_SECONDS)
        took = time.monotonic() - at
        _wait_for_answers(client)
    seen = look(
        scene.platform,
        scene.name,
        [one.why for one in client.missed],
        client.silent_for(at),
        "gateway" in harm,
    )
    return Survived(harm, broken(seen), took, client.silent_for(at))


def _start(scene: Scene, version: int) -> None:
    """As a release does."""
    api = f"{scene.service.addresses['prefect']}/api"
    deployment = HTTP.get(f"{api}/deployments/name/promote/prod").json()["id"]
    tags = scene.platform.models.get(scene.name, version).tags
    key = f"promote-{scene.name}-{version}-{tags['perennial.approved-at']}"
    body = {"parameters": {"workload": scene.name, "model_version": version}, "idempotency_key": key}
    HTTP.post(f"{api}/deployments/{deployment}/create_flow_run", json=body).raise_for_status()


def _promoted(scene: Scene, version: int) -> bool:
    """In the registry and in the ledger; while the registry is being started again, nobody knows."""
    from platforms.ports import PlatformError

    try:
        done = scene.platform.models.get(scene.name, version).tags.get(VERDICT) == "promoted"
        return done and scene.context.ledger.entries()[-1].kind == "promoted"
    except (PlatformError, ConnectionError):
        return False


def _flows(scene: Scene) -> list[psutil.Process]:
    worker = read_record(scene.service.settings.state).processes["worker"].process
    assert worker is not None
    return [one for one in worker.children(recursive=True) if "flows" in one.cmdline()]


def _wait_for_answers(client: Client) -> None:
    at = time.monotonic()
    until(lambda: any(one > at for one in reversed(client.answered_at)), 60)


@contextmanager
def _scene() -> Iterator[Scene]:
    folder = folder_for_runs()
    with running_service(folder) as service:
        scene = Scene(service, folder / "scene", "walked", bare=False)
        try:
            scene.prepare()
            scene.free()
            scene.make()
            yield scene
        finally:
            scene.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
