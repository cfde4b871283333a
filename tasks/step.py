"""What makes a function a step of a flow: a Prefect task that is never cached.

A step asks the platform what is there already; a cache of Prefect's would remember what may be gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

P = ParamSpec("P")
R = TypeVar("R")


def step(*, name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A decorator: a task of that name."""
    return task(name=name, cache_policy=NO_CACHE)
