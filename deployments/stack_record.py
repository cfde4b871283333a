"""What is written of a running stack: its processes and addresses, in `stack.json` of its state directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.processes import Started

_FILE = "stack.json"


@dataclass(frozen=True)
class Record:
    """Processes and addresses by name; both empty where nothing was started."""

    processes: Mapping[str, Started]
    addresses: Mapping[str, str]


def read_record(state: Path) -> Record:
    """What was written last."""
    try:
        content = json.loads((state / _FILE).read_text())
    except FileNotFoundError:
        return Record({}, {})
    return Record({name: Started(**one) for name, one in content["processes"].items()}, content["addresses"])


def write_record(state: Path, record: Record) -> None:
    """Whole or not at all."""
    processes = {name: one.as_record() for name, one in record.processes.items()}
    temporary = state / f"{_FILE}.part"
    temporary.write_text(json.dumps({"processes": processes, "addresses": dict(record.addresses)}, indent=1))
    temporary.replace(state / _FILE)


def remove_record(state: Path) -> None:
    """Nothing runs any more."""
    (state / _FILE).unlink(missing_ok=True)
