"""`make demo`: the whole loop on one machine, until a drifted model has been replaced."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from deployments.demo.clients import Clients
from deployments.demo.waiting import DemoFailed, wait_for

if TYPE_CHECKING:
    import pandas as pd
    from prefect.client.schemas.objects import FlowRun

    from tasks.context import Context

WORKLOAD = "diabetes"
STATE = Path(".perennial/demo")
RESULT = Path(".perennial/demo.json")
GENERATED_ROWS = 8000
BROKEN_ROWS = 40
STABLE_ROWS = 1000
DRIFTED_ROWS = 4000
console = Console(highlight=False)


@dataclass
class Times:
    """When the parts of the demo began, in seconds since the epoch."""

    started: float
    set_up: float = 0.0
    ended: float = 0.0


def main(data: Path | None, started_at: float | None, platform: str = "local") -> int:
    """Run the demo; 0 only if all of it happened. `started_at` counts the set-up before us in, in epoch seconds."""
    times = Times(started_at or time.time())
    try:
        patients = _raw_patients(data)
        context = _start_service(platform)
        times.set_up = time.time()
        result = _Loop(context, patients, data, times).run()
    except DemoFailed as error:
        console.print(f"[bold red]The loop did not close:[/] {error}")
        console.print("Logs lie in .perennial/demo/logs; the service is still running (`make down` stops it).")
        return 1
    from deployments.demo.summary import show

    RESULT.write_text(json.dumps(result, indent=1))
    show(console, result)
    return 0


def _raw_patients(data: Path | None) -> pd.DataFrame:
    import pandas as pd

    from deployments.demo.patients import make_patients

    if data is None:
        return make_patients(GENERATED_ROWS, seed=1)
    if not data.is_file():
        raise DemoFailed(f"There is no file {data}.")
    return pd.read_csv(data)


def _start_service(platform: str) -> Context:
    """A fresh state directory, the stack on free ports, the deployments, and the scoring environment."""
    from deployments.apply import deploy
    from deployments.parts import PARTS
    from deployments.stack import down, up
    from platforms.settings import Settings
    from tasks.context import open_context

    console.rule("[bold]Perennial: one turn of the loop")
    down(STATE)
    shutil.rmtree(STATE, ignore_errors=True)
    RESULT.unlink(missing_ok=True)
    places = {"state": STATE.resolve(), "workloads": Path("workloads").resolve()}
    settings = Settings.model_validate({**places, "platform": platform})
    if platform == "azure":
        raise DemoFailed("The demo runs on this machine: PLATFORM is local or azure-emulated.")
    console.print(f"Starting {', '.join(part.name for part in PARTS[settings.platform])} ...")
    os.environ["PERENNIAL_LOG_FLUSH_SECONDS"] = "1"  # the demo waits for the prediction log
    os.environ.update(up(settings).environment)
    deploy(settings)
    return open_context(WORKLOAD, settings)


class _Loop:
    """The loop's steps in their order, and what each left."""

    def __init__(self, context: Context, patients: pd.DataFrame, data: Path | None, times: Times) -> None:
        from deployments.demo.prefect_runs import Runs  # Prefect reads its environment when it is imported
        from deployments.demo.world import World

        self.context = context
        self.data = data
        self.times = times
        self.patients = patients
        self.world = World(patients)
        self.runs = Runs(f"{context.settings.address('prefect')}/api", WORKLOAD)
        self.steps: list[tuple[str, FlowRun]] = []
        self.began = datetime.now(UTC)

    def run(self) -> dict[str, Any]:
        """One turn of the loop; what `demo.json` says of it."""
        self._upload_raw()
        first = self._first_release()
        clients = self._clients()
        self._world_turns(clients)
        second = self._replaced(clients)
        clients.stop()
        self.times.ended = time.time()
        return self._result(first, second, clients)

    def _say(self, text: str) -> None:
        console.print(f"[dim]{time.time() - self.times.set_up:6.1f} s[/]  {text}")

    def _step(self, name: str, run: FlowRun) -> FlowRun:
        self.steps.append((name, run))
        took = run.total_run_time.total_seconds()
        self._say(f"{name}: {run.state.name if run.state else ''} in {took:.1f} s")
        return run

    def _upload_raw(self) -> None:
        from deployments.demo.patients import with_broken_rows

        raw = self.context.workload.data.raw
        if self.data is not None:
            self.context.platform.blobs.upload(f"{raw}{self.data.name}", self.data)
            self.raw_rows = len(self.patients)
        else:
            broken = with_broken_rows(self.patients, BROKEN_ROWS, seed=2)
            self.context.platform.blobs.write(f"{raw}patients.csv", broken.to_csv(index=False).encode())
            self.raw_rows = len(broken)
        self._say(f"{self.raw_rows} raw patients lie in the blob store")

    def _first_release(self) -> Any:
        self._step("ingest", self.runs.run("ingest/dev"))
        self._step("train", self.runs.run("train/dev", release=True))
        self._released(self.began)
        return self._champion(None)

    def _released(self, since: datetime) -> None:
        """The release that was started since then, and the promotion that it starts."""
        for name, deployment in (("release", "release/staging"), ("promote", "promote/prod")):
            run = self.runs.next_of(deployment, since)
            self._step(name, self.runs.completed(run.id, deployment))

    def _champion(self, before: int | None) -> Any:
        from tasks.promotion import production

        live = production(self.context)
        champion = self.context.platform.models.by_alias(WORKLOAD, "champion")
        if live is None or champion is None or live.version != champion.version or champion.version == before:
            serving = live.version if live else "nothing"
            raise DemoFailed(
                f"Production serves {serving}, the champion is {champion.version if champion else 'nobody'}."
            )
        return champion

    def _clients(self) -> Clients:
        from tasks.datasets import newest_manifest

        manifest = newest_manifest(self.context.platform.blobs, WORKLOAD)
        if manifest is None:
            raise DemoFailed("No dataset version was written.")
        endpoint = self.context.platform.endpoints.get(WORKLOAD)
        key = self.context.platform.endpoints.key(WORKLOAD)
        return Clients(endpoint.scoring_url, key, manifest.features, manifest.label)

    def _world_turns(self, clients: Clients) -> None:
        """Clients score; the world drifts; the labels come late; `monitor` looks."""
        clients.score(self.world.stable(STABLE_ROWS, seed=3))
        drifted = self.world.drifted(DRIFTED_ROWS, seed=4)
        clients.score(drifted)
        clients.keep_scoring(self.world.drifted(500, seed=5))
        self._flushed(clients)
        count = clients.labels_arrive(self.context.platform.blobs, WORKLOAD)
        self._say(f"{clients.tally.requests} requests scored; the world has drifted; {count} labels arrived late")
        self.turned = datetime.now(UTC)
        self._step("monitor", self.runs.run("monitor/prod"))

    def _flushed(self, clients: Clients) -> None:
        """Wait until the prediction log holds what the clients were answered."""
        log = self.context.platform.predictions
        wanted = STABLE_ROWS + DRIFTED_ROWS
        if clients.tally.errors:
            raise DemoFailed(f"{clients.tally.errors} requests failed; the first: {clients.tally.first_error}")

        def look() -> bool | None:
            logged = log.between(WORKLOAD, self.began, datetime.now(UTC))
            return True if len(logged) >= wanted else None

        wait_for("The prediction log", look, 30)

    def _replaced(self, clients: Clients) -> Any:
        """Nothing here starts anything: the trigger does, and `retrain` starts the release."""
        first = self.context.platform.models.by_alias(WORKLOAD, "champion")
        if first is None:
            raise DemoFailed("The champion is gone.")
        self.drift = self.runs.event("perennial.drift.detected", self.turned)
        self.request = self.runs.event("perennial.retraining.requested", self.turned)
        retrain = self.runs.next_of("retrain/dev", self.turned)
        self._say(f"the trigger started {retrain.name}")
        self.retrain = self._step("retrain", self.runs.completed(retrain.id, "retrain/dev"))
        self._released(self.turned)
        second = self._champion(first.version)
        before = clients.tally.by_version[second.version]
        wait_for("An answer of the new champion", lambda: clients.tally.by_version[second.version] > before or None, 30)
        if clients.tally.errors:
            raise DemoFailed(
                f"{clients.tally.errors} requests failed meanwhile; the first: {clients.tally.first_error}"
            )
        return second

    def _result(self, first: Any, second: Any, clients: Clients) -> dict[str, Any]:
        from deployments.demo.summary import result_of

        return result_of(self, first, second, clients)
