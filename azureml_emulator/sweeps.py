"""Sweep jobs: trials at points of a search space, and the best of them by a metric that they log to MLflow."""

from __future__ import annotations

import json
from typing import Any

from azureml_emulator import search_space
from azureml_emulator.composites import Children, Step
from azureml_emulator.errors import user_error
from azureml_emulator.job_runs import TERMINAL
from azureml_emulator.store import Document
from azureml_emulator.tracked_runs import TrackedRuns

_MOST_TRIALS = 1000
# An output's own name and version are the sweep's to give, to what the best trial has made.
_SWEEPS_OWN = ("assetName", "assetVersion", "uri", "assetId")


class Sweeps:
    """A trial is a command job, named after the sweep and its number. Early termination is remembered, not done."""

    log = "azureml-logs/hyperdrive.txt"

    def __init__(self, tracked: TrackedRuns) -> None:
        self._tracked = tracked

    def prepare(self, _workspace: str, properties: Document) -> Document:
        objective = properties.get("objective") or {}
        if not objective.get("primaryMetric") or str(objective.get("goal")).lower() not in ("minimize", "maximize"):
            raise user_error("The sweep's objective needs a primary metric and a goal, minimize or maximize.")
        algorithm = (properties.get("samplingAlgorithm") or {}).get("samplingAlgorithmType", "Random")
        search_space.check(properties.get("searchSpace") or {}, algorithm)
        limits = {"jobLimitsType": "Sweep", "maxTotalTrials": _MOST_TRIALS, **(properties.get("limits") or {})}
        limits.setdefault("maxConcurrentTrials", limits["maxTotalTrials"])
        if not 1 <= limits["maxConcurrentTrials"] <= limits["maxTotalTrials"] <= _MOST_TRIALS:
            raise user_error(f"A sweep has 1 to {_MOST_TRIALS} trials, and at most that many at a time.")
        config = {"name": objective["primaryMetric"], "goal": objective["goal"].lower()}
        told = {**(properties.get("properties") or {}), "primary_metric_config": json.dumps(config)}
        return {**properties, "limits": limits, "properties": told, "resources": properties.get("resources")}

    def step(self, workspace: str, job: Document, children: Children) -> Step:
        properties = job["properties"]
        limits = properties["limits"]
        living = [child for child in children.values() if child["properties"]["status"] not in TERMINAL]
        start: dict[str, tuple[str, Document]] = {}
        number = len(children)
        while len(living) + len(start) < limits["maxConcurrentTrials"] and number < limits["maxTotalTrials"]:
            point = _point(job, number)
            if point is None:
                break
            start[str(number)] = (f"{job['name']}_{number}", _trial(job, point))
            number += 1
        if start or living:
            return Step(start=start)
        return self._end(workspace, job, children)

    def _end(self, workspace: str, job: Document, children: Children) -> Step:
        completed = [child for child in children.values() if child["properties"]["status"] == "Completed"]
        if not completed:
            return Step(status="Failed", error="No trial of the sweep was completed.")
        objective = job["properties"]["objective"]
        metrics = {
            child["name"]: self._tracked.metric(workspace, child["name"], objective["primaryMetric"])
            for child in completed
        }
        scored = {name: value for name, value in metrics.items() if value is not None}
        if not scored:
            nothing = {"default": job["properties"]["outputs"]["default"]}
            return Step(status="Completed", changes={"outputs": nothing})
        choose = max if objective["goal"].lower() == "maximize" else min
        best = choose(scored, key=lambda name: scored[name])
        told = {**job["properties"]["properties"], "best_child_run_id": best, "score": repr(scored[best])}
        made = next(child["properties"]["outputs"] for child in completed if child["name"] == best)
        outputs = {
            key: {**output, "uri": made[key]["uri"]} if key != "default" else output
            for key, output in job["properties"]["outputs"].items()
        }
        return Step(status="Completed", changes={"properties": told, "outputs": outputs})


def _point(job: Document, number: int) -> search_space.Point | None:
    """Without a seed of its own a sweep's name is its seed: a restart must not change the points."""
    properties = job["properties"]
    sampling = properties.get("samplingAlgorithm") or {}
    seed = sampling.get("seed")
    algorithm = sampling.get("samplingAlgorithmType", "Random")
    return search_space.point(properties["searchSpace"], algorithm, job["name"] if seed is None else seed, number)


def _trial(job: Document, point: search_space.Point) -> Document:
    """The command job of a point; `${{search_space.x}}` is an input of it."""
    properties, trial = job["properties"], job["properties"]["trial"]
    chosen = {name: {"jobInputType": "literal", "value": str(value)} for name, value in point.items()}
    outputs = {
        key: {word: value for word, value in output.items() if word not in _SWEEPS_OWN}
        for key, output in properties["outputs"].items()
        if key != "default"
    }
    limit = properties["limits"].get("trialTimeout")
    more: dict[str, Any] = {"limits": {"jobLimitsType": "Command", "timeout": limit}} if limit else {}
    return {
        **trial,
        **more,
        "jobType": "Command",
        "command": trial["command"].replace("search_space.", "inputs."),
        "computeId": properties.get("computeId"),
        "experimentName": properties["experimentName"],
        "inputs": {**properties["inputs"], **chosen},
        "outputs": outputs,
        "tags": {"hyperparameters": json.dumps(point)},
    }
