"""Jobs that are made of jobs: sweeps, pipelines and batch scoring. Each kind says what comes next; here it is done.

Nothing is remembered but documents, so that an emulator that is started again goes on where another one stopped."""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from azureml_emulator.errors import ServiceError
from azureml_emulator.job_runs import TERMINAL
from azureml_emulator.locations import container_of
from azureml_emulator.store import Document
from azureml_emulator.world import World, timestamp

# A job's children: key (the number of a trial, the name of a node) to document.
Children = Mapping[str, Document]


@dataclass(frozen=True)
class Step:
    """What comes next: children to start, by key, as (name, properties); or, with a `status`, the end.

    `stop` cancels the children that still run, after which the job is asked again. `changes` go into the properties."""

    start: dict[str, tuple[str, Document]] = field(default_factory=dict)
    stop: bool = False
    status: str = ""
    error: str = ""
    changes: Document = field(default_factory=dict)


class Kind(Protocol):
    """One kind of job of jobs."""

    log: str  # where, below the job's artifacts, the SDK looks for what the job tells of itself

    def prepare(self, workspace: str, properties: Document, /) -> Document:
        """The properties, checked and completed; raises `ServiceError` where the service would refuse them."""

    def step(self, workspace: str, job: Document, children: Children, /) -> Step:
        """What comes next. Asked at the start, and each time that a child has ended."""


class JobDesk(Protocol):
    """What is needed of the jobs."""

    def submit(self, workspace: str, name: str, properties: Document, parent: str = "", key: str = "") -> Document: ...

    def current(self, workspace: str, name: str) -> Document: ...

    def cancel(self, workspace: str, name: str) -> bool: ...

    def finish(self, workspace: str, name: str, status: str, error: str, changes: Document) -> Document: ...


class Composites:
    """One thread carries all of them on, one step at a time, so that no two steps of a job ever meet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kinds: dict[str, Kind] = {}
        self._waiting: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def add(self, kind: str, how: Kind) -> None:
        """Make a kind known."""
        self._kinds[kind] = how

    def kind(self, name: str) -> Kind | None:
        return self._kinds.get(name)

    def start(self, jobs: JobDesk) -> None:
        """From now on steps are taken."""
        self._jobs = jobs
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(10)

    def remember(self, workspace: str, name: str, kind: str) -> None:
        """From now on the job is one of this kind."""
        self._world.store.put(workspace, "composites", name, {"kind": kind})

    def is_one(self, workspace: str, name: str) -> bool:
        return self._world.store.get(workspace, "composites", name) is not None

    def adopt(self, workspace: str, parent: str, key: str, child: str) -> None:
        """Note that a job is another one's child."""
        self._world.store.put(workspace, f"children/{parent}", key, {"name": child, "key": key})
        self._world.store.put(workspace, "parentOfJob", child, {"name": parent, "key": key})

    def parent(self, workspace: str, name: str) -> str | None:
        found = self._world.store.get(workspace, "parentOfJob", name)
        return str(found["name"]) if found else None

    def children(self, workspace: str, name: str) -> dict[str, Document]:
        """In the order they were started."""
        with self._world.store.lock:  # a child is written down whole, or not at all
            found = self._world.store.list(workspace, f"children/{name}")
        return {child["key"]: self._jobs.current(workspace, child["name"]) for child in found}

    def carry_on(self, workspace: str, name: str) -> None:
        """Look at a job soon: it has begun, a child of it has ended, or it is to be cancelled."""
        self._waiting.put((workspace, name))

    def _work(self) -> None:
        while (found := self._waiting.get()) is not None:
            workspace, name = found
            try:
                self._take_step(workspace, name)
            except ServiceError as error:
                self._end(workspace, name, Step(status="Failed", error=error.message))
            except Exception as error:
                self._end(workspace, name, Step(status="Failed", error=f"{type(error).__name__}: {error}"))

    def _take_step(self, workspace: str, name: str) -> None:
        job = self._jobs.current(workspace, name)
        status = job["properties"]["status"]
        if status in TERMINAL:
            return
        children = self.children(workspace, name)
        living = [child for child in children.values() if child["properties"]["status"] not in TERMINAL]
        if status == "CancelRequested":
            step = Step(stop=True) if living else Step(status="Canceled", error="The job was canceled by the user.")
        else:
            step = self._kind_of(workspace, name).step(workspace, job, children)
        if step.stop:
            for child in living:
                self._jobs.cancel(workspace, child["name"])
        for key, (child_name, properties) in step.start.items():
            self._jobs.submit(workspace, child_name, properties, parent=name, key=key)
            self._say(workspace, name, f"started {key}: {child_name}")
        if step.status:
            self._end(workspace, name, step)

    def _end(self, workspace: str, name: str, step: Step) -> None:
        for key, child in self.children(workspace, name).items():
            self._say(workspace, name, f"{key}: {child['name']} {child['properties']['status']}")
            self._jobs.cancel(workspace, child["name"])
        self._say(workspace, name, f"{step.status} {step.error}".strip())
        self._jobs.finish(workspace, name, step.status, step.error, step.changes)

    def _kind_of(self, workspace: str, name: str) -> Kind:
        return self._kinds[self._world.require(workspace, "composites", name)["kind"]]

    def _say(self, workspace: str, name: str, line: str) -> None:
        """A line more in the job's own log, which lies with its artifacts."""
        store = self._world.store
        before = (store.get(workspace, "compositeLogs", name) or {"text": ""})["text"]
        text = f"{before}[{timestamp()}] {line}\n"
        store.put(workspace, "compositeLogs", name, {"text": text})
        place = f"ExperimentRun/dcid.{name}/{self._kind_of(workspace, name).log}"
        datastore = self._world.require(workspace, "datastores", "workspaceartifactstore")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "log"
            file.write_text(text)
            with suppress(httpx.HTTPError):  # a job does not fail for its log, which the next line writes anew
                self._world.blobs.put(container_of(datastore), place, file)
