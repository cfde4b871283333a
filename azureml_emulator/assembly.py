"""Puts the parts together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

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


def assemble(
    settings: Settings, proxy_port: int, authority: Path
) -> tuple[App, Callable[[], None], Callable[[], None]]:
    """The application, what to do once it answers, and what to do at the end."""
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
    operations = Operations(world)
    assets = Assets(world)
    locations = Locations(world, assets)
    registries = Registries(world, access)
    imports = RegistryImports(world, access, assets, locations, operations, registries)
    http = httpx.Client(trust_env=False, timeout=60.0)
    tracked = TrackedRuns(world, http)
    composites = Composites(world)
    composites.add("Sweep", Sweeps(tracked))
    composites.add("Pipeline", Pipelines(world, assets))
    jobs = Jobs(world, OutputAssets(assets), locations, operations, JobRuns(world), tracked, composites)
    batch_scoring = BatchScoring(world, locations)
    composites.add(BATCH_SCORING, batch_scoring)
    batch = BatchEndpoints(world, access, operations, jobs, batch_scoring)
    history = History(world, jobs, assets, locations)
    artifacts = RunArtifacts(world, locations)
    serving = Serving(world, assets, locations, references, float(os.environ.get(COLLECT_SECONDS, "1")))
    endpoints = Endpoints(world, operations, serving)
    deployments = Deployments(world, operations, serving)
    metrics = MonitorMetrics(world, Utilisation(serving.process))
    scoring = Scoring(world, serving, metrics)
    app.scoring = lambda call: batch.invoke(call) if batch.owns(call.host) else scoring.answer(call)
    tracking = Tracking(world, http, tracked)
    for part in (
        tracking,
        artifacts,
        workspaces,
        operations,
        assets,
        registries,
        quotas,
        Subscriptions(world, access),
        imports,
        Computes(world, operations),
        jobs,
        history,
        endpoints,
        deployments,
        batch,
        Schedules(world, operations, jobs),
        metrics,
    ):
        part.routes(app.service)
    for name in (SCORING, *app.open.names, *app.service.names):
        app.answers.expect(name)

    def start() -> None:
        workspaces.prepare()
        jobs.resume()
        serving.resume()

    def stop() -> None:
        composites.stop()
        serving.stop_all()
        scoring.close()
        http.close()
        blobs.close()
        store.close()
        index.close()

    return app, start, stop
