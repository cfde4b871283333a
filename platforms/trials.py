"""What came of a search's trials: the file beside the model that tells of them, and a table for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TRIALS_FILE = "trials.json"


@dataclass(frozen=True)
class Trial:
    """One trial. Parameters are as the script got them, metrics as it wrote them."""

    number: int
    parameters: Mapping[str, Any]
    status: str
    objective: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""  # why it failed
    best: bool = False


@dataclass(frozen=True)
class Trials:
    """All trials of a search, in their order, with what decided among them."""

    objective: str
    goal: str
    trials: Sequence[Trial]

    @property
    def best(self) -> Trial | None:
        """The one whose outputs are the job's."""
        return next((trial for trial in self.trials if trial.best), None)

    def write(self, folder: Path) -> None:
        """As `trials.json` in the folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TRIALS_FILE).write_text(json.dumps(asdict(self), indent=1))

    def table(self) -> str:
        """Lines of text, a trial each."""
        names = list(dict.fromkeys(name for trial in self.trials for name in trial.parameters))
        rows = [["", "trial", *names, self.objective, "status"], *(_row(trial, names) for trial in self.trials)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join(
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )


def read_trials(folder: Path) -> Trials | None:
    """What a search left in its outputs; None where the job was none."""
    try:
        content = json.loads((folder / TRIALS_FILE).read_text())
    except FileNotFoundError:
        return None
    return Trials(content["objective"], content["goal"], [Trial(**trial) for trial in content["trials"]])


def shown(value: object) -> str:
    """A value as people read it: a number with as many digits as matter."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _row(trial: Trial, names: list[str]) -> list[str]:
    parameters = [shown(trial.parameters.get(name, "")) for name in names]
    objective = "" if trial.objective is None else shown(trial.objective)
    status = f"{trial.status}: {trial.reason}" if trial.reason else trial.status
    return ["*" if trial.best else "", str(trial.number), *parameters, objective, status]
