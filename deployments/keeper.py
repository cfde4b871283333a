"""`python -m deployments.keeper`: what keeps the stack on this machine alive, as systemd or Kubernetes would elsewhere.

It starts again what ended without having been told to. `up` starts it last, `down` ends it first.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.environment import ROOT, inherited, process_environment
from deployments.parts import PARTS, Part, port_of
from deployments.ports import listens
from deployments.processes import Started, end_rest, start
from deployments.stack_record import Record, read_record, write_record
from platforms.settings import Settings, load_settings

LOOK_SECONDS = 0.2
LASTED_SECONDS = 60.0  # what ran so long, or has listened, can run, and may be started again at once
LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class _Falls:
    """How often a part ended soon after its start, so that one that cannot run does not eat the machine."""

    count: int = 0
    not_before: float = 0.0  # monotonic
    listened: bool = False  # since its last start


class Keeper:
    """Looks at the parts that the stack's record names, again and again."""

    def __init__(self, settings: Settings, parts: Iterable[Part]) -> None:
        self._settings = settings
        self._parts = {part.name: part for part in parts}
        self._falls: dict[str, _Falls] = {}

    def look(self) -> list[str]:
        """Start again what is gone; the names of what was."""
        state = self._settings.state.resolve()
        record = read_record(state)
        kept = {name: one for name, one in record.processes.items() if name in self._parts}
        gone = [name for name, one in kept.items() if one.process is None]
        for name in self._falls.keys() & (kept.keys() - set(gone)):
            self._see(self._parts[name], self._falls[name], record)
        due = [name for name in gone if self._due(name, record.processes[name])]
        for name in due:
            record = self._again(state, record, self._parts[name])
        return due

    def _see(self, part: Part, falls: _Falls, record: Record) -> None:
        """Whether what was started again listens by now."""
        if not falls.listened and part.ports:
            ports = [int(port_of(record.addresses[name])) for name in part.ports]
            falls.listened = all(listens(port) for port in ports)

    def _due(self, name: str, last: Started) -> bool:
        falls = self._falls.setdefault(name, _Falls())
        if falls.listened or time.time() - last.started > LASTED_SECONDS:
            falls.count, falls.listened = 0, False
            return True
        return time.monotonic() >= falls.not_before

    def _again(self, state: Path, record: Record, part: Part) -> Record:
        falls = self._falls[part.name]
        falls.count += 1
        falls.not_before = time.monotonic() + min(2.0**falls.count - 1, LONGEST_PAUSE_SECONDS)
        if part.ports:  # what a worker ran may run on
            end_rest(record.processes[part.name])
        command = part.command(state, record.addresses)
        environment = _environment(self._settings, record.addresses, part)
        started = start(command, environment, state / "logs" / f"{part.name}.log", ROOT)
        whole = Record({**record.processes, part.name: started}, record.addresses)
        write_record(state, whole)
        return whole


def _environment(settings: Settings, addresses: Mapping[str, str], part: Part) -> dict[str, str]:
    return {**inherited(), **process_environment(settings, addresses), **part.environment}


def main() -> None:
    """Until it is ended."""
    settings = load_settings()
    keeper = Keeper(settings, PARTS[settings.platform])
    while True:
        try:
            for name in keeper.look():
                print(f"{name} had ended, and was started again.", flush=True)
        except Exception:  # nobody keeps the keeper: it looks again
            print(traceback.format_exc(), flush=True)
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
