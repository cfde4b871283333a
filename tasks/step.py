"""What makes a function a step of a flow: a Prefect task that is never cached.

A step asks the platform what is there already; a cache of Prefect's would remember what may be gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from platforms.ports import Unavailable

P = ParamSpec("P")
R = TypeVar("R")
RETRY_SECONDS = 2.0


def step(*, name: str, attempts: int = 1) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A decorator: a task of that name. attempts: how often it is tried where the platform does not answer."""
    return task(
        name=name,
        cache_policy=NO_CACHE,
        retries=attempts - 1,
        retry_delay_seconds=RETRY_SECONDS,
        retry_condition_fn=_is_unavailable if attempts > 1 else None,
    )


def _is_unavailable(_task: Any, _run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), Unavailable)
