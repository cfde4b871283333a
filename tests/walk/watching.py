"""Inside the flow's process: every port call is written down, and at one of them the harm is done.

On this machine MLflow takes tags one by one, so a call of several is as many boundaries.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from platforms.ports import Platform, Refused, Unavailable
from tests.walk.boundaries import Call, write_down
from tests.walk.registry import FileModels

Inside = Literal["", "kill", "refuse", "time out", "lose the answer", "time out for a while", "clock", "outside"]
WHILE_SECONDS = 3.0
MEET_SECONDS = 120.0


@dataclass(frozen=True)
class Orders:
    """What the process is to do, and where. Folder: `calls`, `started`, `here` and `go` lie there."""

    folder: str
    locks: str = ""  # a folder; empty: Prefect does it
    registry: str = ""  # a folder; empty: the platform's own
    harm: Inside = ""
    at: dict[str, Any] | None = None  # a Call's fields; None: before the first call
    moment: Literal["before", "after"] = "before"
    hours: int = 0  # that the clock jumps


class Watch:
    """Counts the calls and does the harm."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._folder = Path(orders.folder)
        self._at = None if orders.at is None else Call(**orders.at)
        self._seen: Counter[tuple[str, str]] = Counter()
        self._until = 0.0  # the platform does not answer before

    def call(self, what: str, made: Callable[[], Any]) -> Any:
        """Make the call, and do the harm where it is due."""
        where = _place()
        self._seen[what, where] += 1
        call = Call(what, where, self._seen[what, where])
        write_down(self._folder / "calls", call)
        if call.of_platform and time.monotonic() < self._until:
            raise Unavailable(f"{what}: the platform does not answer.")
        here = call == self._at
        if here and self._orders.moment == "before":
            self._harm(what)
        result = made()
        if here and self._orders.moment == "after":
            self._harm(what)
        return result

    def _harm(self, what: str) -> None:
        harm = self._orders.harm
        if harm == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if harm == "refuse":
            raise Refused(f"{what}: the platform refuses.")
        if harm == "time out for a while":
            self._until = time.monotonic() + WHILE_SECONDS
        if harm in ("time out", "lose the answer", "time out for a while"):
            raise Unavailable(f"{what}: the platform does not answer.")
        if harm == "clock":
            _jump(timedelta(hours=self._orders.hours))
        if harm == "outside":
            self._meet()

    def _meet(self) -> None:
        """Stand still while something else happens."""
        (self._folder / "here").touch()
        deadline = time.monotonic() + MEET_SECONDS
        while not (self._folder / "go").exists():
            assert time.monotonic() < deadline, "nobody said go"
            time.sleep(0.02)


class Watched:
    """A port whose calls are watched."""

    def __init__(self, port: str, inner: Any, watch: Watch, one_tag_at_a_time: bool) -> None:
        self._port, self._inner, self._watch, self._single = port, inner, watch, one_tag_at_a_time

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        return partial(self._tag if name == "tag" and self._single else self._call, name)

    def _call(self, name: str, *words: Any, **named: Any) -> Any:
        found = getattr(self._inner, name)
        return self._watch.call(_told(self._port, name, words), lambda: found(*words, **named))

    def _tag(self, name: str, model: str, version: int, tags: dict[str, str]) -> None:
        for tag, value in tags.items():
            self._call(name, model, version, {tag: value})


def watch(orders: Orders) -> None:
    """From now on in this process, whatever flow it runs. What it starts is written down, and not started."""
    import tasks.context
    import tasks.starting
    import tasks.story

    watched = Watch(orders)
    choose = tasks.context.choose_platform

    def chosen(settings: Any) -> Platform:
        platform = with_registry(choose(settings), orders.registry)
        ports = {
            name: Watched(name, getattr(platform, name), watched, platform.name == "local")
            for name in ("blobs", "endpoints", "models")
        }
        return replace(platform, **ports)  # type: ignore[arg-type]

    emit = tasks.story.emit_event
    tasks.context.choose_platform = chosen
    tasks.story.emit_event = lambda **named: watched.call(f"event {named['event']}", lambda: emit(**named))
    tasks.starting.run_deployment = _starter(watched, Path(orders.folder) / "started")  # type: ignore[assignment]


def with_registry(platform: Platform, folder: str) -> Platform:
    """The platform with its models in that folder; none: as it is."""
    if not folder:
        return platform
    models: Any = FileModels(Path(folder))
    platform.endpoints._models = models  # type: ignore[attr-defined]
    return replace(platform, models=models)


def _starter(watched: Watch, file: Path) -> Callable[..., Any]:
    import json
    from types import SimpleNamespace

    from prefect.states import Scheduled

    def start(deployment: str, *, parameters: dict[str, Any], idempotency_key: str, **_: Any) -> Any:
        def write() -> Any:
            told = {"deployment": deployment, "parameters": parameters, "key": idempotency_key}
            with file.open("a") as started:
                started.write(json.dumps(told) + "\n")
            return SimpleNamespace(id=uuid4(), state=Scheduled())

        return watched.call(f"start {deployment}", write)

    return start


def _told(port: str, name: str, words: tuple[Any, ...]) -> str:
    """Of a tag and an alias its name, of a blob its folder; else the method alone."""
    if name == "tag":
        return f"models.tag {' '.join(words[2])}"
    if name == "set_alias":
        return f"models.set_alias {words[1]}"
    if port == "blobs":
        return f"blobs.{name} {str(words[0]).partition('/')[0]}"
    return f"{port}.{name}"


def _place() -> str:
    """The innermost function of flows and tasks that is running."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(("flows.", "tasks.")) and name not in ("tasks.story", "tasks.step"):
            return f"{name.rpartition('.')[2]}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "?"


def _jump(by: timedelta) -> None:
    """The clock of the run, which all of its decisions read, is so far off from now on."""
    import tasks.clock

    class Jumped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz or UTC) + by

    tasks.clock.datetime = Jumped  # type: ignore[misc]
