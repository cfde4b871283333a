"""Searches as sweep jobs: how one is written for the SDK, and what its trials tell afterwards.

Points are drawn by Azure ML, so a seed gives other points there than on this machine.
"""

from __future__ import annotations

import json
import math
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.search import Range, Search
from platforms import run_trial
from platforms.azure.clients import AzureClients
from platforms.azure.errors import told, word
from platforms.mlflow_runs import MlflowRuns
from platforms.ports import JobSpec, NotFound
from platforms.trials import Trial, Trials

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

RUNNER = Path(run_trial.__file__)  # goes along with the code
_BEST = "best_child_run_id"  # a property of a sweep that has ended
_MARGIN = 0.499  # so that the ends of a range of whole numbers are drawn as often as the others


def trial_command(search: Search, line: str) -> str:
    """The command of a trial: our runner around the script, and the point's parameters behind it."""
    whole = [name for name, values in search.space.items() if isinstance(values, Range) and values.whole]
    words = ["python", RUNNER.name, "--objective", search.objective, "--searched", *search.space, "--whole", *whole]
    point = " ".join(f"--{name} '${{{{search_space.{name}}}}}'" for name in search.space)
    return f"{shlex.join(words)} --out ${{{{outputs.out}}}} -- {line} {point}"


def as_sweep(job: Any, spec: JobSpec, search: Search) -> Any:
    """The SDK's sweep over a command."""
    from azure.ai.ml.sweep import GridSamplingAlgorithm, RandomSamplingAlgorithm

    grid = search.sampling == "grid"
    limit = search.trial_time_limit
    sweep = job.sweep(
        primary_metric=search.objective,
        goal=search.direction,
        sampling_algorithm=GridSamplingAlgorithm() if grid else RandomSamplingAlgorithm(seed=search.seed),
        search_space={name: _distribution(values) for name, values in search.space.items()},
        max_total_trials=search.trials,
        max_concurrent_trials=min(search.at_once, search.trials),
        timeout=spec.time_limit_seconds,
        trial_timeout=None if limit is None else math.ceil(limit.total_seconds()),
    )
    sweep.name = spec.name
    return sweep


def _distribution(values: Range | tuple[Any, ...]) -> Any:
    from azure.ai.ml.sweep import Choice, LogUniform, QLogUniform, QUniform, Uniform

    if not isinstance(values, Range):
        return Choice(list(values))
    margin = _MARGIN if values.whole else 0.0
    low, high = values.low - margin, values.high + margin
    if values.log:
        low, high = math.log(low), math.log(high)
    if values.whole:
        return QLogUniform(low, high, 1) if values.log else QUniform(low, high, 1)
    return LogUniform(low, high) if values.log else Uniform(low, high)


def is_sweep(job: Any) -> bool:
    """Whether what the SDK found is one."""
    return word(job.type) == "sweep"


class SweepTrials:
    """What the trials of a sweep came to: jobs of their own, whose MLflow runs hold what our runner told."""

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients

    def read(self, sweep: Any) -> Trials:
        """All that have begun."""
        with told("list the trials", f"job {sweep.name}"):
            children = list(self._client.jobs.list(parent_job_name=sweep.name))
        best = best_of(sweep)
        found = [self._trial(child, sweep.objective.primary_metric, best) for child in children]
        goal = word(sweep.objective.goal).lower()
        return Trials(sweep.objective.primary_metric, goal, sorted(found, key=lambda trial: trial.number))

    def download(self, sweep: Any, target: Path) -> None:
        """The best trial's outputs, and what is told of all."""
        best = best_of(sweep)
        if best is not None:
            with tempfile.TemporaryDirectory() as folder, told("download the outputs", f"job {best}"):
                self._client.jobs.download(best, output_name="out", download_path=folder)
                shutil.copytree(Path(folder) / "named-outputs" / "out", target, dirs_exist_ok=True)
        self.read(sweep).write(target)

    def _trial(self, child: Any, objective: str, best: str | None) -> Trial:
        try:
            run = self._runs.get(child.name)
        except NotFound:  # it has not begun
            run = {"data": {}}
        tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
        metrics = {metric["key"]: float(metric["value"]) for metric in run["data"].get("metrics", [])}
        words = json.loads(tags.get(run_trial.PARAMETERS) or (child.tags or {}).get("hyperparameters") or "{}")
        return Trial(
            number=int(child.name.rpartition("_")[2]),
            parameters={name: _value(value) for name, value in words.items()},
            status=word(child.status).lower(),
            objective=metrics.get(objective) if word(child.status) == "Completed" else None,
            metrics=metrics,
            reason=tags.get(run_trial.FAILURE, ""),
            best=child.name == best,
        )

    @property
    def _client(self) -> MLClient:
        return self._clients.workspace("development")

    @property
    def _runs(self) -> MlflowRuns:
        return MlflowRuns(self._clients.tracking)


def best_of(sweep: Any) -> str | None:
    """The name of the best trial's job; None where no trial told how good it is."""
    found = (sweep.properties or {}).get(_BEST)
    return str(found) if found else None


def worth_telling(trials: Trials, name: str) -> Iterator[tuple[str, str, int]]:
    """A headline, the job and how many lines of its log: those that failed, and the best."""
    for trial in [trial for trial in trials.trials if trial.status == "failed"][:5]:
        yield f"Trial {trial.number} failed: {trial.reason}", f"{name}_{trial.number}", 15
    if trials.best is not None:
        yield f"The log of trial {trials.best.number}:", f"{name}_{trials.best.number}", 50


def _value(text: Any) -> Any:
    """A parameter as it was before it became a word of a command."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return {"True": True, "False": False}.get(text, text)
