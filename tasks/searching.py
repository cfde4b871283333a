"""What a search came to, told with the candidate that it found."""

from __future__ import annotations

import json
from pathlib import Path

from platforms.ports import RegisteredModel
from platforms.trials import Trials, read_trials, shown
from tasks.context import Context
from tasks.story import tell_table

SEARCH = "perennial.search"  # the version's tag: objective, its value, how many trials, the parameters found
_TOLD = 100  # trials on the run's page, the best first; trials.txt with the run has all


def search_tags(trials: Trials | None) -> dict[str, str]:
    """What the version bears of the search that found it."""
    if trials is None or trials.best is None:
        return {}
    best = trials.best
    found = {"objective": trials.objective, "value": best.objective, "trials": len(trials.trials)}
    return {SEARCH: json.dumps({**found, "parameters": dict(best.parameters)})}


def found_by(version: RegisteredModel) -> str:
    """A sentence on how the version's parameters were found; nothing for one that was not searched for."""
    if SEARCH not in version.tags:
        return ""
    found = json.loads(version.tags[SEARCH])
    point = ", ".join(f"{name} {shown(value)}" for name, value in found["parameters"].items())
    trials = "one trial" if found["trials"] == 1 else f"{found['trials']} trials"
    return f"The best of {trials}: {point}, with {found['objective']} {shown(found['value'])}."


def tell_trials(context: Context, outputs: Path, run_id: str) -> Trials | None:
    """The table of the trials on the run's page, and all of them with the run in MLflow; None where none were made."""
    trials = read_trials(outputs)
    if trials is None:
        return None
    ranked = _ranked(trials)
    rows = [
        {"trial": trial.number, **trial.parameters, trials.objective: trial.objective, "status": trial.status}
        for trial in ranked.trials[:_TOLD]
    ]
    tell_table(context, "trials", rows, f"Trials of {context.name}, the best first")
    context.platform.models.log_text(run_id, trials.table(), "trials.txt")
    return trials


def _ranked(trials: Trials) -> Trials:
    """The best first; what failed last."""
    sign = -1 if trials.goal == "maximize" else 1
    key = lambda trial: (trial.objective is None, sign * (trial.objective or 0.0), trial.number)  # noqa: E731
    return Trials(trials.objective, trials.goal, sorted(trials.trials, key=key))
