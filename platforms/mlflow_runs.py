"""Runs on an MLflow tracking server, a local one or an Azure ML workspace, found again by the key that they bear."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from lifecycle.tags import KEY
from platforms.mlflow_rest import AlreadyThere, MlflowRest
from platforms.ports import NotFound


class MlflowRuns:
    """The part of `Models` that is about runs."""

    def __init__(self, rest: MlflowRest) -> None:
        self._rest = rest

    def start(self, experiment: str, key: str, tags: Mapping[str, str]) -> str:
        """The id of the run with that key, made if there is none."""
        identity = self._experiment(experiment)
        wanted = f"tags.`{KEY}` = '{key}'"
        found = self._rest.post("runs/search", experiment_ids=[identity], filter=wanted, max_results=1).get("runs", [])
        if found:
            return str(found[0]["info"]["run_id"])
        made = self._rest.post(
            "runs/create",
            experiment_id=identity,
            run_name=key,
            start_time=_now(),
            tags=pairs({**tags, KEY: key}),
        )
        return str(made["run"]["info"]["run_id"])

    def finish(self, run_id: str, succeeded: bool, metrics: Mapping[str, float], params: Mapping[str, str]) -> None:
        """Record what came of it and end it."""
        now = _now()
        recorded = {param["key"] for param in self.get(run_id)["data"].get("params", [])}  # a param can't be changed
        self._rest.post(
            "runs/log-batch",
            run_id=run_id,
            metrics=[{"key": key, "value": value, "timestamp": now, "step": 0} for key, value in metrics.items()],
            params=pairs({key: value for key, value in params.items() if key not in recorded}),
        )
        self._rest.post("runs/update", run_id=run_id, status="FINISHED" if succeeded else "FAILED", end_time=now)

    def get(self, run_id: str) -> dict[str, Any]:
        """The run as MLflow tells it. NotFound."""
        run: dict[str, Any] = self._rest.get("runs/get", run_id=run_id)["run"]
        return run

    def _experiment(self, name: str) -> str:
        with suppress(AlreadyThere):  # or else somebody else makes it while we look
            try:
                return self._experiment_named(name)
            except NotFound:
                return str(self._rest.post("experiments/create", name=name)["experiment_id"])
        return self._experiment_named(name)

    def _experiment_named(self, name: str) -> str:
        return str(self._rest.get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """MLflow's way to write a mapping."""
    return [{"key": key, "value": value} for key, value in values.items()]


def _now() -> int:
    """Milliseconds since the epoch, MLflow's time."""
    return int(datetime.now(UTC).timestamp() * 1000)
