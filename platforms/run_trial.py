"""Runs one trial of a search and tells its metrics: `python run_trial.py --objective NAME --out DIR -- COMMAND …`.

It goes along with the job's code, so it stands alone. The command's own exit code is the trial's; a command that
ended well but wrote no such metric into `DIR/metrics.json` is a failure, too. The numbers go to the MLflow run that
the environment names, where Azure ML looks for the objective. Local trials have no need of it but for its reading.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

PARAMETERS = "perennial.parameters"  # the run's tag that says what was tried, as JSON
FAILURE = "perennial.failure"  # and the one that says why it failed, if it did
NO_OBJECTIVE = 4  # the exit code of a trial that did not say how good it is


class NoObjective(ValueError):
    """The command ended well and did not say how good it is, in words."""


def read_metrics(out: Path, objective: str) -> dict[str, float]:
    """The numbers in metrics.json. NoObjective where the objective is not among them."""
    try:
        content = json.loads((out / "metrics.json").read_text())
    except FileNotFoundError:
        raise NoObjective("it wrote no metrics.json") from None
    except ValueError:
        raise NoObjective("its metrics.json is no JSON") from None
    entries = content.items() if isinstance(content, dict) else ()
    numbers = {name: float(value) for name, value in entries if isinstance(value, int | float)}
    found = {name: value for name, value in numbers.items() if math.isfinite(value)}
    if objective not in found:
        there = ", ".join(found) or "no number"
        raise NoObjective(f"its metrics.json has no number {objective}; it has {there}")
    return found


def main(words: list[str]) -> int:
    """Run it, then read and log its metrics."""
    split = words.index("--")
    parser = argparse.ArgumentParser(prog="run_trial", description=__doc__)
    parser.add_argument("--objective", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--searched", nargs="*", default=[], help="the options that differ from trial to trial")
    parser.add_argument("--whole", nargs="*", default=[], help="those of them whose value is a whole number")
    options, command = parser.parse_args(words[:split]), words[split + 1 :]
    command = _whole(command, options.whole)
    failure, metrics, code = "", {}, subprocess.run(command, check=False).returncode
    if code:
        failure, code = f"exit code {code}", code if code > 0 else 128 - code
    else:
        try:
            metrics = read_metrics(options.out, options.objective)
        except NoObjective as error:
            failure, code = str(error), NO_OBJECTIVE
            print(f"The trial failed: {error}.", file=sys.stderr)
    parameters = {name: command[command.index(f"--{name}") + 1] for name in options.searched}
    _log(metrics, {PARAMETERS: json.dumps(parameters), FAILURE: failure})
    return code


def _whole(command: list[str], names: list[str]) -> list[str]:
    """The command, where `--depth 5.0` is `--depth 5`: a service rounds to a multiple and leaves it a fraction."""
    flags = {f"--{name}" for name in names}
    before = ["", *command[:-1]]
    return [str(round(float(word))) if flag in flags else word for flag, word in zip(before, command, strict=True)]


def _log(metrics: dict[str, float], tags: dict[str, str]) -> None:
    """Into the job's own run, which is the service's to end."""
    from mlflow import MlflowClient

    client, run = MlflowClient(), os.environ["MLFLOW_RUN_ID"]
    for name, value in tags.items():
        client.set_tag(run, name, value)
    for name, number in metrics.items():
        client.log_metric(run, name, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
