"""Puts the parts together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx

from azureml_emulator.app import App
from azureml_emulator.assets import Assets
from azureml_emulator.blob_client import BlobClient
from azureml_emulator.blob_index import BlobIndex
from azureml_emulator.blobs import Blobs
from azureml_emulator.computes import Computes
from azureml_emulator.deployments import Deployments
from azureml_emulator.endpoints import Endpoints
from azureml_emulator.history import History
from azureml_emulator.job_runs import JobRuns
from azureml_emulator.jobs import Jobs
from azureml_emulator.locations import Locations
from azureml_emulator.monitor_metrics import MonitorMetrics
from azureml_emulator.operations import Operations
from azureml_emulator.run_artifacts import RunArtifacts
from azureml_emulator.sas import account_signature
from azureml_emulator.scoring import Scoring
from azureml_emulator.serving import Serving
from azureml_emulator.settings import Settings
from azureml_emulator.store import Store
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
    signature = account_signature(settings.account, settings.account_key)
    blobs = BlobClient(settings.blob_host, proxy_port, authority, signature)
    world = World(settings, store, tokens, blobs, proxy_port, authority)
    app = App(settings, tokens, Blobs(settings, tokens, index))
    tokens.routes(app.open)
    workspaces = Workspaces(world)
    workspaces.open_routes(app.open)
    operations = Operations(world)
    assets = Assets(world)
    locations = Locations(world, assets)
    http = httpx.Client(trust_env=False, timeout=60.0)
    tracked = TrackedRuns(world, http)
    jobs = Jobs(world, assets, locations, operations, JobRuns(world), tracked)
    history = History(world, jobs, assets, locations)
    artifacts = RunArtifacts(world, locations)
    serving = Serving(world, assets, locations, float(os.environ.get(COLLECT_SECONDS, "1")))
    endpoints, deployments = Endpoints(world, operations, serving), Deployments(world, operations, serving)
    metrics = MonitorMetrics(world, Utilisation(serving.process))
    scoring = Scoring(world, serving, metrics)
    app.scoring = scoring.answer
    tracking = Tracking(world, http, tracked)
    for part in (
        tracking,
        artifacts,
        workspaces,
        operations,
        assets,
        Computes(world, operations),
        jobs,
        history,
        endpoints,
        deployments,
        metrics,
    ):
        part.routes(app.service)

    def start() -> None:
        workspaces.prepare()
        jobs.resume()
        serving.resume()

    def stop() -> None:
        serving.stop_all()
        scoring.close()
        http.close()
        blobs.close()
        store.close()
        index.close()

    return app, start, stop
