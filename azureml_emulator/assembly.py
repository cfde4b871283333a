"""Puts the parts together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from azureml_emulator.access import Access
from azureml_emulator.accounts import Accounts
from azureml_emulator.app import SCORING, App
from azureml_emulator.assets import Assets
from azureml_emulator.batch_endpoints import BatchEndpoints
from azureml_emulator.batch_scoring import BATCH_SCORING, BatchScoring
from azureml_emulator.blob_client import BlobClient
from azureml_emulator.blob_index import BlobIndex
from azureml_emulator.blobs import Blobs
from azureml_emulator.bodies import Bodies
from azureml_emulator.composites import Composites
from azureml_emulator.computes import Computes
from azureml_emulator.connections import loopback_client
from azureml_emulator.deployments import Deployments
from azureml_emulator.endpoints import Endpoints
from azureml_emulator.history import History
from azureml_emulator.job_runs import JobRuns
from azureml_emulator.jobs import Jobs
from azureml_emulator.locations import Locations
from azureml_emulator.monitor_metrics import MonitorMetrics
from azureml_emulator.operations import Operations
from azureml_emulator.output_assets import OutputAssets
from azureml_emulator.pipelines import Pipelines
from azureml_emulator.quotas import Quotas
from azureml_emulator.registries import Registries
from azureml_emulator.registry_imports import RegistryImports
from azureml_emulator.registry_references import RegistryReferences
from azureml_emulator.routing import Router
from azureml_emulator.run_artifacts import RunArtifacts
from azureml_emulator.sas import account_signature
from azureml_emulator.schedules import Schedules
from azureml_emulator.scoring import Scoring
from azureml_emulator.serving import Serving
from azureml_emulator.settings import Settings
from azureml_emulator.store import Store
from azureml_emulator.subscriptions import Subscriptions
from azureml_emulator.sweeps import Sweeps
from azureml_emulator.tokens import Tokens
from azureml_emulator.tracked_runs import TrackedRuns
from azureml_emulator.tracking import Tracking
from azureml_emulator.utilisation import Utilisation
from azureml_emulator.workspaces import Workspaces
from azureml_emulator.world import World

COLLECT_SECONDS = "AZUREML_EMULATOR_COLLECT_SECONDS"  # how long the data collector waits for more before it writes
TAKES = "AZUREML_EMULATOR_TAKES"  # how long the service's operations take, such as deployments=480,endpoints=20


class _Part(Protocol):
    """What answers some of the service's routes."""

    def routes(self, router: Router) -> None: ...


@dataclass(frozen=True)
class _Ground:
    """What every part stands on: the application, the memory, and who may do what."""

    settings: Settings
    app: App
    world: World
    access: Access
    index: BlobIndex
    references: RegistryReferences
    quotas: Quotas
    workspaces: Workspaces
    operations: Operations
    http: httpx.Client

    def close(self) -> None:
        self.http.close()
        self.world.blobs.close()
        self.world.store.close()
        self.index.close()


@dataclass(frozen=True)
class _Library:
    """What is registered, in workspaces and registries, and where its bytes lie."""

    assets: Assets
    locations: Locations
    registries: Registries
    imports: RegistryImports


@dataclass(frozen=True)
class _Workshop:
    """What runs jobs and tells of them."""

    jobs: Jobs
    composites: Composites
    batch: BatchEndpoints
    parts: Sequence[_Part]


@dataclass(frozen=True)
class _Counter:
    """What serves models and counts their requests."""

    serving: Serving
    scoring: Scoring
    parts: Sequence[_Part]


def assemble(
    settings: Settings, proxy_port: int, authority: Path
) -> tuple[App, Callable[[], None], Callable[[], None]]:
    """The application, what to do once it answers, and what to do at the end."""
    ground = _ground(settings, proxy_port, authority)
    library = _library(ground)
    workshop = _workshop(ground, library)
    counter = _counter(ground, library)
    app, batch = ground.app, workshop.batch
    app.scoring = lambda call: batch.invoke(call) if batch.owns(call.host) else counter.scoring.answer(call)
    shared: Sequence[_Part] = (ground.workspaces, ground.operations, ground.quotas)
    for part in (*shared, library.assets, library.registries, library.imports, *workshop.parts, *counter.parts):
        part.routes(app.service)
    for name in (SCORING, *app.open.names, *app.service.names):
        app.answers.expect(name)

    def start() -> None:
        ground.workspaces.prepare()
        workshop.jobs.resume()
        counter.serving.resume()

    def stop() -> None:
        workshop.composites.stop()
        counter.serving.stop_all()
        counter.scoring.close()
        ground.close()

    return app, start, stop


def _ground(settings: Settings, proxy_port: int, authority: Path) -> _Ground:
    tokens = Tokens(settings)
    store = Store(settings.state / "emulator.sqlite")
    index = BlobIndex(settings.state / "blobs")
    accounts = Accounts(settings)
    blobs = BlobClient({account.name: account_signature(account) for account in accounts}, proxy_port, authority)
    world = World(settings, store, tokens, accounts, blobs, proxy_port, authority)
    access = Access(settings, store, accounts)
    app = App(settings, tokens, Blobs(accounts, tokens, access, index))
    quotas, references = Quotas(world), RegistryReferences(world, access)
    checks = [Bodies().check] if settings.check_bodies else []
    app.guards = [access.check_call, *checks, references.check_call, quotas.check]
    tokens.routes(app.open)
    workspaces = Workspaces(world, access)
    workspaces.open_routes(app.open)
    http = loopback_client(timeout=60.0)
    return _Ground(
        settings, app, world, access, index, references, quotas, workspaces, Operations(world, _takes()), http
    )


def _library(ground: _Ground) -> _Library:
    world, access = ground.world, ground.access
    assets = Assets(world)
    locations = Locations(world, assets)
    registries = Registries(world, access)
    imports = RegistryImports(world, access, assets, locations, ground.operations, registries)
    return _Library(assets, locations, registries, imports)


def _workshop(ground: _Ground, library: _Library) -> _Workshop:
    world, operations, locations = ground.world, ground.operations, library.locations
    tracked = TrackedRuns(world, ground.http)
    batch_scoring = BatchScoring(world, locations)
    composites = Composites(world)
    composites.add("Sweep", Sweeps(tracked))
    composites.add("Pipeline", Pipelines(world, library.assets))
    composites.add(BATCH_SCORING, batch_scoring)
    outputs = OutputAssets(library.assets)
    jobs = Jobs(world, outputs, locations, operations, JobRuns(world), tracked, composites)
    batch = BatchEndpoints(world, ground.access, operations, jobs, batch_scoring)
    parts = (
        Tracking(world, ground.http, tracked),
        RunArtifacts(world, locations),
        Subscriptions(world, ground.access),
        Computes(world, operations),
        jobs,
        History(world, jobs, library.assets, locations),
        batch,
        Schedules(world, operations, jobs),
    )
    return _Workshop(jobs, composites, batch, parts)


def _counter(ground: _Ground, library: _Library) -> _Counter:
    world, operations = ground.world, ground.operations
    wait = float(os.environ.get(COLLECT_SECONDS, "1"))
    least = _takes().get("deployments", 0.0)
    serving = Serving(world, library.assets, library.locations, ground.references, wait, least)
    metrics = MonitorMetrics(world, Utilisation(serving.process))
    parts = (Endpoints(world, operations, serving), Deployments(world, operations, serving), metrics)
    return _Counter(serving, Scoring(world, serving, metrics), parts)


def _takes() -> dict[str, float]:
    """Seconds by kind of operation: deployments, endpoints (their traffic), deletions (of deployments)."""
    given = (one.partition("=") for one in os.environ.get(TAKES, "").split(",") if one)
    return {kind.strip(): float(seconds) for kind, _, seconds in given}
