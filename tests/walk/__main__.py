"""`python -m tests.walk`: the whole walk, or a sample of it, as a table. Exits with 1 where anything is broken."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from tests.walk.places import lean_service
from tests.walk.playing import Outcome, play, record
from tests.walk.scenarios import ACTS, HARMS, Act, Harm, Scenario, harms_on, sampled, scenarios
from tests.walk.scene import RELEASE, Scene, folder_for_runs
from tests.walk.table import table


def main(words: list[str] | None = None) -> int:
    """The exit code."""
    told = _arguments(words)
    harms = [harm for harm in harms_on(told.platform) if told.only in (None, harm.name)]
    with _scenes(told) as scenes:
        acts = [act for act in acts_of(harms, scenes[0]) if told.act in (None, act.name)]
        recorded = {act.name: record(scenes[0], act) for act in acts}
        found = scenarios(recorded, harms)
        chosen = sampled(found, told.sample or len(found), told.seed)  # whatever the number, the harms take turns
        print(f"{len(chosen)} of {len(found)} scenarios, seed {told.seed}", flush=True)
        alone = [one for one in chosen if one.harm.meanwhile == "gateway"]  # it is all scenes' own
        outcomes = walk(scenes, [one for one in chosen if one not in alone], told.minutes)
        outcomes += walk(scenes[:1], alone, told.minutes if told.only else told.minutes / 4)
    print(table(outcomes))
    return 1 if any(one.broken for one in outcomes) else 0


def acts_of(harms: Iterable[Harm], scene: Scene) -> list[Act]:
    """What these harms are done to there: a rollout without steps has no more than its end."""
    names = {name for harm in harms for name in harm.acts}
    return [act for act in ACTS if act.name in names and act.rolled_out <= scene.steps]


def walk(scenes: Sequence[Scene], chosen: Iterable[Scenario], minutes: float) -> list[Outcome]:
    """Play them, one at a time in each scene, each told as it ends; no new one once the minutes are over."""
    waiting, until = deque(chosen), time.monotonic() + 60 * minutes
    outcomes: list[Outcome] = []

    def play_in(scene: Scene) -> None:
        while waiting and time.monotonic() < until:
            outcome = play(scene, waiting.popleft())
            outcomes.append(outcome)
            _tell(outcome)

    with ThreadPoolExecutor(len(scenes)) as pool:
        for ended in [pool.submit(play_in, scene) for scene in scenes]:
            ended.result()
    if waiting:
        print(f"The time is over; {len(waiting)} were not played.")
    return outcomes


def _tell(outcome: Outcome) -> None:
    what = "; ".join(outcome.broken) or ("held" if outcome.reached else "held, and never came there")
    print(f"{outcome.seconds:5.1f} s  {outcome.scenario}: {what}", flush=True)
    if outcome.broken:
        print(outcome.told, flush=True)


@contextmanager
def _scenes(told: argparse.Namespace) -> Iterator[list[Scene]]:
    """On the emulator without steps: what was asked is known there minutes later only."""
    folder, emulated = folder_for_runs(), told.platform != "local"
    with lean_service(folder / "service", told.platform, told.mlflow) as service:
        registry = "" if told.mlflow or emulated else str(folder / "registry")
        release = {} if emulated else RELEASE
        scenes = [
            Scene(service, folder / f"{one}", f"walked-{one}", registry=registry, release=release)
            for one in range(told.scenes)
        ]
        try:
            for scene in scenes:
                scene.make()
            yield scenes
        finally:
            for scene in scenes:
                scene.close()


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.walk", description=__doc__)
    parser.add_argument("--platform", choices=("local", "azure-emulated"), default="local")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--only", choices=[harm.name for harm in HARMS], help="one harm")
    parser.add_argument("--act", choices=[act.name for act in ACTS], help="one act")
    parser.add_argument("--sample", type=int, help="so many scenarios, evenly over the harms; none: all")
    parser.add_argument("--mlflow", action="store_true", help="the registry is MLflow, not a file of the walk's own")
    parser.add_argument("--scenes", type=int, default=3, help="workloads that are walked side by side")
    parser.add_argument("--minutes", type=float, default=1e9, help="after which none is begun")
    return parser.parse_args(words)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what it started ends with it
    with suppress(KeyboardInterrupt):
        sys.exit(main())
