"""A flow without Prefect: its functions called as they are, which takes a tenth of the time.

What Prefect gives a flow is stood in for: a step is tried again where it says so; the limit of one at a time is a
lock file, which a killed process lets go of; artifacts are left out; which promotions run is told by files.
What is Prefect's own (leases, heartbeats, crashes, workers) is walked on the whole service.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging import getLogger
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FLOWS = ("promote", "rollback", "reconcile", "release")
_RUN = SimpleNamespace(flow_run=SimpleNamespace(id="walk", name="walk"), deployment=SimpleNamespace(id=None))


def leave_prefect_out(locks: Path) -> None:
    """From now on in this process. Locks: a folder that all processes of a walk share."""
    from prefect import Task

    import tasks.story

    Task.__call__ = _call  # type: ignore[method-assign]
    for name in FLOWS:
        flow = importlib.import_module(f"flows.{name}")
        _set(flow, "concurrency", lambda limit, **_: _alone(locks / limit))
    for name in ("create_link_artifact", "create_markdown_artifact", "create_progress_artifact"):
        setattr(tasks.story, name, lambda *_, **__: None)
    tasks.story.create_table_artifact = lambda *_, **__: None  # type: ignore[assignment]
    tasks.story.emit_event = lambda **_: None  # type: ignore[assignment]
    for name in ("flows.promote", "flows.rollback", "tasks.story", "tasks.holding", "tasks.rollout", "tasks.endpoints"):
        module = importlib.import_module(name)
        _set(module, "runtime", _RUN)
        _set(module, "get_run_logger", lambda: getLogger("walk"))
        _set(module, "promotion_under_way", lambda context, version: _promoting(locks, context.name, version))


def tell_promoting(locks: Path, workload: str, version: int) -> None:
    """This process promotes that version, as long as it lives."""
    (locks / f"promoting-{workload}-{version}").write_text(str(os.getpid()))


def _promoting(locks: Path, workload: str, version: int) -> bool:
    try:
        os.kill(int((locks / f"promoting-{workload}-{version}").read_text()), 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


def _call(task: Any, *words: Any, **named: Any) -> Any:
    """The task's function, tried as often as the task says."""
    for left in range(task.retries, -1, -1):
        try:
            return task.fn(*words, **named)
        except Exception as error:
            again = task.retry_condition_fn
            if left == 0 or (again is not None and not again(task, None, _failed(error))):
                raise
            time.sleep(float(task.retry_delay_seconds))
    return None


def _failed(error: Exception) -> Any:
    return SimpleNamespace(result=lambda raise_on_failure: error)  # noqa: ARG005 - as Prefect's states are asked


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _set(module: Any, name: str, to: Callable[..., Any] | object) -> None:
    if hasattr(module, name):
        setattr(module, name, to)
