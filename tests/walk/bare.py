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

from platforms.ports import Unavailable
from tasks.step import RETRY_SECONDS

FLOWS = ("promote", "rollback", "reconcile", "release")
MODULES = (
    "flows.promote",
    "tasks.asking",
    "tasks.carrying_on",
    "tasks.endpoints",
    "tasks.holding",
    "tasks.rollout",
    "tasks.silence",
    "tasks.story",
)
_RUN = SimpleNamespace(flow_run=SimpleNamespace(id="walk", name="walk"), deployment=SimpleNamespace(id=None))


def leave_prefect_out(locks: Path) -> None:
    """From now on in this process. Locks: a folder that all processes of a walk share."""
    import prefect

    import tasks.story
    from tasks.step import Step

    prefect.get_run_logger = lambda: getLogger("walk")  # type: ignore[assignment]

    Step.__call__ = _call  # type: ignore[method-assign]
    for name in FLOWS:
        flow = importlib.import_module(f"flows.{name}")
        _set(flow, "concurrency", lambda limit, **_: _alone(locks / limit))
    for name in ("create_link_artifact", "create_markdown_artifact", "create_progress_artifact"):
        setattr(tasks.story, name, lambda *_, **__: None)
    tasks.story.create_table_artifact = lambda *_, **__: None  # type: ignore[assignment]
    tasks.story.emit_event = lambda **_: None  # type: ignore[assignment]
    for name in MODULES:
        module = importlib.import_module(name)
        _set(module, "runtime", _RUN)
        _set(module, "get_run_logger", lambda: getLogger("walk"))
        _set(module, "broken_off_releases", lambda context: _broken_off(locks, context.name))
        _set(module, "promotion_under_way", lambda context, version: _promoting(locks, context.name, version))


def tell_promoting(locks: Path, workload: str, version: int) -> None:
    """This process promotes that version, as long as it lives."""
    (locks / f"promoting-{workload}-{version}").write_text(str(os.getpid()))


def tell_broken_off(locks: Path, workload: str, version: int) -> None:
    """A release of that version was killed or failed, as Prefect would know."""
    with (locks / f"broken-off-{workload}").open("a") as told:
        told.write(f"{version}\n")


def forget_broken_off(locks: Path, workload: str, version: int | None = None) -> None:
    """A later run of its release ended well; no version: all of them."""
    left = [one["model_version"] for one in _broken_off(locks, workload) if version not in (None, one["model_version"])]
    (locks / f"broken-off-{workload}").unlink(missing_ok=True)
    for one in left:
        tell_broken_off(locks, workload, one)


def let_staging_pass() -> None:
    """The candidate is really deployed to staging; what staging would measure of it, in seconds, is left out."""
    import flows.release
    from tests.tasks.approving import evidence_over

    def through_staging(context: Any, version: Any, champion: Any, forced: Any) -> Any:  # noqa: ARG001
        flows.release.deploy_to_staging(context, version)
        return evidence_over(version, None if champion is None else champion.version)

    flows.release._through_staging = through_staging


def _broken_off(locks: Path, workload: str) -> list[dict[str, Any]]:
    told = locks / f"broken-off-{workload}"
    versions = told.read_text().split() if told.exists() else []
    return [{"workload": workload, "model_version": int(version)} for version in versions]


def _promoting(locks: Path, workload: str, version: int) -> bool:
    try:
        os.kill(int((locks / f"promoting-{workload}-{version}").read_text()), 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


def _call(step: Any, *words: Any, **named: Any) -> Any:
    """The step's function, tried as often as a flow would."""
    for left in range(step._attempts - 1, -1, -1):
        try:
            return step.fn(*words, **named)
        except Unavailable:
            if left == 0:
                raise
            time.sleep(RETRY_SECONDS)
    return None


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _set(module: Any, name: str, to: Callable[..., Any] | object) -> None:
    if hasattr(module, name):
        setattr(module, name, to)
