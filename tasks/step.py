"""What makes a function a step of a flow: a Prefect task that is never cached.

A step asks the platform what is there already; a cache of Prefect's would remember what may be gone. Outside of a flow
it is the function itself: going back must wait neither for Prefect's server nor for its import, which takes seconds.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from platforms.ports import Unavailable

if TYPE_CHECKING:
    from prefect import Task

P = ParamSpec("P")
R = TypeVar("R")
RETRY_SECONDS = 2.0


class Step(Generic[P, R]):
    """A function, and the task that it is where a flow calls it."""

    def __init__(self, fn: Callable[P, R], name: str, attempts: int) -> None:
        self.fn, self._name, self._attempts = fn, name, attempts
        functools.update_wrapper(self, fn)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._task(*args, **kwargs) if _within_flow() else self.fn(*args, **kwargs)

    @functools.cached_property
    def _task(self) -> Task[P, R]:
        from prefect import task
        from prefect.cache_policies import NO_CACHE

        return task(
            name=self._name,
            cache_policy=NO_CACHE,
            retries=self._attempts - 1,
            retry_delay_seconds=RETRY_SECONDS,
            retry_condition_fn=_is_unavailable if self._attempts > 1 else None,
        )(self.fn)


def step(*, name: str, attempts: int = 1) -> Callable[[Callable[P, R]], Step[P, R]]:
    """A decorator: a step of that name. attempts: how often a flow tries it where the platform does not answer."""
    return lambda fn: Step(fn, name, attempts)


def _within_flow() -> bool:
    if "prefect" not in sys.modules:
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None


def _is_unavailable(_task: Any, _run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), Unavailable)
