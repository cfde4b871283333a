"""Flows that start flows: as a run of its own, in the pool of its own stage, once under a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prefect.deployments import run_deployment


class GivenUp(RuntimeError):
    """As many runs as may be have failed."""


def start_once(
    deployment: str,
    parameters: Mapping[str, Any],
    key: str,
    unfinished: Callable[[], bool] = lambda: False,
    most: int | None = None,
) -> str:
    """Start the deployment, or find the run under this key that is under way or has ended well; the run's id.

    A run that failed, crashed or was cancelled is no reason not to start another; one that completed neither, where
    `unfinished` says that what it was started for has not come about. GivenUp where `most` runs did not end well.
    """
    attempt, tried = key, 0
    while True:
        run: Any = run_deployment(
            deployment, parameters=dict(parameters), timeout=0, as_subflow=False, idempotency_key=attempt
        )
        failed = run.state.is_failed() or run.state.is_crashed() or run.state.is_cancelled()
        if not failed and not (run.state.is_completed() and unfinished()):
            return str(run.id)
        attempt, tried = f"{key}-after-{run.id}", tried + 1
        if tried == most:
            raise GivenUp(f"{tried} runs of {deployment} did not end well, the last one is {run.id}.")
