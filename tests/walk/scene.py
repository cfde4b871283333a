"""Where it is played: a workload with versions of one model, one the champion and one newly approved over it.

The versions take turns, so that no scenario has to train, register or, mostly, start a slot.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from deployments.stack_record import read_record
from lifecycle.names import CHAMPION, probe_blob
from lifecycle.tags import DATASET, VERDICT
from platforms.ports import Platform, RegisteredModel, SlotState
from tasks.context import Context, open_context
from tasks.endpoints import client_for, slot_tags
from tests.conftest import HTTP, Service
from tests.forks import Forks
from tests.service import ROOT, clean, copy_workload
from tests.tasks.approving import approve_over
from tests.toy_model import pack_toy_model
from tests.waiting import until
from tests.walk.bare import forget_broken_off
from tests.walk.boundaries import Call, read_journal
from tests.walk.client import Client
from tests.walk.watching import Orders, with_registry

KILLED = -9
VERSIONS = (1, 2, 3)
# What a run imports before it does anything: in each fork anew, it would take longer than the run.
FLOWS = (
    "flows.promote",
    "flows.rollback",
    "flows.reconcile",
    "flows.release",
    "monitoring.live",
    "monitoring.sequential",
    "tests.walk.running",
)
LOCAL = ("platforms.local.batch", "platforms.local.compute", "platforms.local.endpoints")
AZURE = (
    "azure.ai.ml.entities",
    "azure.ai.ml.sweep",
    "azure.identity",
    "azure.storage.blob",
    "platforms.azure.batch",
    "platforms.azure.blobs",
    "platforms.azure.compute",
    "platforms.azure.endpoints",
    "platforms.azure.models",
    "platforms.azure.native_monitor",
)
# It holds nothing, since it is killed everywhere; of the signals only errors, which need the fewest requests.
RELEASE = {
    "rolling": [
        {"mirror": 50, "requests": 3, "at_most": "1m"},
        {"traffic": 40, "requests": 3, "at_most": "1m"},
        {"traffic": 100},
    ],
    "live": {"slower": None, "predictions": None, "losses": None},
}
ROUNDS = 6  # of what a recovery starts; more would be going in circles


@dataclass
class Run:
    """A flow that was run in a process of its own."""

    code: int
    output: str
    calls: list[Call]
    started: list[dict[str, Any]]  # the flows that it wanted started


@dataclass
class Scene:
    """Opened once; each scenario begins from its champion."""

    service: Service
    folder: Path
    name: str
    bare: bool = True  # without Prefect
    registry: str = ""  # a folder for the models; empty: the platform's own
    release: Mapping[str, Any] = field(default_factory=lambda: RELEASE)  # the workload's
    _runs: int = 0

    @cached_property
    def context(self) -> Context:
        found = open_context(self.name, self.service.settings)
        return replace(found, platform=with_registry(found.platform, self.registry))

    @property
    def platform(self) -> Platform:
        return self.context.platform

    @property
    def champion(self) -> int | None:
        found = self.platform.models.by_alias(self.name, CHAMPION)
        return None if found is None else found.version

    @property
    def challenger(self) -> int:
        """What is to replace it."""
        return 1 if self.champion == 2 else 2

    @property
    def other_candidate(self) -> int:
        """Neither of both: rejected, but where a scenario lets it compete."""
        return next(version for version in VERSIONS if version not in (self.champion, self.challenger))

    @property
    def steps(self) -> int:
        """Of a rollout."""
        return len(self.release.get("rolling", ())) or 1

    def client(self) -> Client:
        """Not asking yet."""
        return Client(self.platform.endpoints.get(self.name).scoring_url, self.platform.endpoints.key(self.name))

    @cached_property
    def forks(self) -> Forks:
        return self._new_forks()

    @cached_property
    def other_forks(self) -> Forks:
        """For what happens meanwhile."""
        return self._new_forks()

    def prepare(self) -> None:
        """The workload's file."""
        if not (self.service.settings.workloads / self.name).exists():
            copy_workload(self.service.settings.workloads, self.name, "walk", {"release": dict(self.release)})

    def make(self) -> None:
        """A workload, three versions of a toy model, the first of them in production."""
        self.prepare()
        packed = self.folder / "model"
        packed.mkdir(parents=True, exist_ok=True)
        pack_toy_model(packed)
        (packed / "MLmodel").write_text("flavors: {}")
        models = self.platform.models
        made = [
            models.register(self.name, models.start_run(self.name, key, {}), packed, key, {DATASET: "none"})
            for key in map(str, VERSIONS)
        ]
        self._ask_staging(made)
        approve_over(self.context, made[0], None)
        run = self.run("promote", f"{self.name!r}, 1")
        assert run.code == 0, run.output
        self.reject(self.other_candidate)

    def approve(self, version: int) -> None:
        """As its release would, over the champion of now."""
        approve_over(self.context, self.platform.models.get(self.name, version), self.champion)

    def forget_verdict(self, version: int) -> None:
        """As a candidate that was just trained."""
        self.platform.models.tag(self.name, version, {VERDICT: ""})

    def reject(self, version: int) -> None:
        """As its release would."""
        self.platform.models.tag(self.name, version, {VERDICT: "rejected"})

    def delete_idle(self) -> None:
        """Only what serves keeps its slot."""
        endpoint = self.platform.endpoints.get(self.name)
        for slot in endpoint.slots:
            if not endpoint.traffic.get(slot):
                self.platform.endpoints.delete_slot(self.name, slot)

    def free(self) -> None:
        """What a killed run held is free, as it is once its lease has ended. A new limit: no old lease is of it."""
        url = f"{self.service.addresses['prefect']}/api/v2/concurrency_limits"
        gone = HTTP.delete(f"{url}/release-{self.name}")
        assert gone.status_code in (204, 404), gone.text
        body = {"name": f"release-{self.name}", "limit": 1, "active": True}
        HTTP.post(f"{url}/", json=body).raise_for_status()

    def orders(self, **harm: Any) -> Orders:
        """In a folder of the run's own."""
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        folder.mkdir()
        return Orders(str(folder), str(self.folder) if self.bare else "", self.registry, **harm)

    def run(self, flow: str, call: str, orders: Orders | None = None, forks: Forks | None = None) -> Run:
        """Run `flows.FLOW.FLOW(call)`, watched, to its end."""
        orders = orders or self.orders()
        call_it = f"run({flow!r}, {call!r}, {orders!r})"
        code = f"from tests.walk.running import run\nfrom tests.walk.watching import Orders\n{call_it}"
        environment = {**clean(), **self.service.environment, "PREFECT_LOGGING_LEVEL": "ERROR"}
        ended, output = (forks or self.forks).run(code, environment)
        folder = Path(orders.folder)
        started = folder / "started"
        told = [json.loads(line) for line in started.read_text().splitlines()] if started.exists() else []
        return Run(ended, output, read_journal(folder / "calls"), told)

    def kill(self, part: str) -> None:
        """SIGKILL of a part of the stack, which is kept alive by its keeper."""
        started = read_record(self.service.settings.state).processes[part]
        assert started.process is not None
        started.process.kill()
        until(lambda: read_record(self.service.settings.state).processes[part].pid != started.pid, 60)

    def close(self) -> None:
        """End the processes that fork."""
        self.forks.close()
        self.other_forks.close()

    def recover(self, started: list[dict[str, Any]]) -> list[Run]:
        """What happens by itself: `reconcile` runs, and what it starts, until nothing is left to start."""
        runs: list[Run] = []
        for _ in range(ROUNDS):
            now = [self._start(one) for one in started] + [self.run("reconcile", repr(self.name))]
            runs += now
            started = [one for run in now for one in run.started]
            if not started:
                break
        return runs

    def _new_forks(self) -> Forks:
        used = LOCAL if self.service.settings.platform == "local" else AZURE
        return Forks(ROOT, {**clean(), **self.service.environment}, (*FLOWS, *used))

    def _start(self, wanted: Mapping[str, Any]) -> Run:
        """As a worker would."""
        flow = str(wanted["deployment"]).partition("/")[0]
        run = self.run(flow, ", ".join(f"{name}={value!r}" for name, value in wanted["parameters"].items()))
        if flow == "release" and run.code == 0:
            forget_broken_off(self.folder, self.name, wanted["parameters"]["model_version"])
        return run

    def _ask_staging(self, versions: list[RegisteredModel]) -> None:
        """What production must answer alike: here both are the same model, so one of them is asked."""
        endpoints = self.platform.endpoints
        endpoints.ensure(self.name, {"workload": self.name, "stage": "production"})
        endpoints.deploy(self.name, "blue", versions[0], slot_tags(versions[0]))
        until(lambda: endpoints.get(self.name).slots["blue"].state is SlotState.HEALTHY, 120)
        question = {"input_data": [{"age": 40, "weight": 70}], "correlation_ids": ["probe-0"]}
        with client_for(endpoints, self.name, "blue") as http:
            answer = http.post(endpoints.get(self.name).scoring_url, json=question)
        answer.raise_for_status()
        content = json.dumps({"question": question, "predictions": answer.json()["predictions"]}).encode()
        for version in versions:
            self.platform.blobs.write(probe_blob(self.name, version.version), content)


def folder_for_runs() -> Path:
    """Outside of the project."""
    return Path(tempfile.mkdtemp(prefix=f"walk-{time.time_ns()}-"))
