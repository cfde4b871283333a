"""`python -m tests.walk`: the whole walk, or a sample of it, as a table. Exits with 1 where anything is broken."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from tests.walk.places import lean_service
from tests.walk.playing import Outcome, play, record
from tests.walk.scenarios import ACTS, HARMS, Act, Harm, Scenario, sampled, scenarios
from tests.walk.scene import Scene, folder_for_runs
from tests.walk.table import table


def main(words: list[str] | None = None) -> int:
    """The exit code."""
    told = _arguments(words)
    harms = [harm for harm in HARMS if told.only in (None, harm.name)]
    with _scene() as scene:
        recorded = {act.name: record(scene, act) for act in acts_of(harms)}
        found = scenarios(recorded, harms)
        chosen = found if told.sample is None else sampled(found, told.sample, told.seed)
        print(f"{len(chosen)} of {len(found)} scenarios, seed {told.seed}", flush=True)
        outcomes = list(walk(scene, chosen, told.minutes))
    print(table(outcomes))
    return 1 if any(one.broken for one in outcomes) else 0


def acts_of(harms: Iterable[Harm]) -> list[Act]:
    """What these harms are done to."""
    names = {name for harm in harms for name in harm.acts}
    return [act for act in ACTS if act.name in names]


def walk(scene: Scene, chosen: Iterable[Scenario], minutes: float = 1e9) -> Iterator[Outcome]:
    """Play one after the other, each told as it ends; no new one once the minutes are over."""
    until = time.monotonic() + 60 * minutes
    for scenario in chosen:
        if time.monotonic() > until:
            print("The time is over.", flush=True)
            return
        outcome = play(scene, scenario)
        what = "; ".join(outcome.broken) or ("held" if outcome.reached else "held, and never came there")
        print(f"{outcome.seconds:5.1f} s  {scenario}: {what}", flush=True)
        if outcome.broken:
            print(outcome.told, flush=True)
        yield outcome


@contextmanager
def _scene() -> Iterator[Scene]:
    folder = folder_for_runs()
    with lean_service(folder / "service") as service:
        scene = Scene(service, folder, "walked")
        try:
            scene.make()
            yield scene
        finally:
            scene.close()


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.walk", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--only", choices=[harm.name for harm in HARMS], help="one harm")
    parser.add_argument("--sample", type=int, help="so many scenarios, evenly over the harms; none: all")
    parser.add_argument("--minutes", type=float, default=1e9, help="after which none is begun")
    return parser.parse_args(words)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what it started ends with it
    with suppress(KeyboardInterrupt):
        sys.exit(main())
