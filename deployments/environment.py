"""The environment of every process that we start: where the service is, how threads wait, and no telemetry."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from platforms.settings import Settings

ROOT = Path(__file__).parent.parent

# Prefect's clients, of which a run makes dozens, read the web's authorities each time, for 30 ms of a processor, also
# where they speak plain HTTP and ask none.
NOBODY = Path(__file__).parent / "nobody.pem"

QUIET = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


def process_environment(settings: Settings, addresses: Mapping[str, str]) -> dict[str, str]:
    """What our processes find in their environment beside what they inherit."""
    return {
        **QUIET,
        # Threads of OpenMP that wait for each other spin, on a busy machine for the core that the other one needs: what
        # took 0.8 s took 13 s beside two busy processes.
        "OMP_WAIT_POLICY": "PASSIVE",
        "PERENNIAL_PLATFORM": settings.platform,
        "PERENNIAL_STATE": str(settings.state.resolve()),
        "PERENNIAL_WORKLOADS": str(settings.workloads.resolve()),
        "PERENNIAL_PYTHON": sys.executable,
        "PERENNIAL_ROOT": str(ROOT),
        "PERENNIAL_POOL_DEV": settings.pool_dev,
        "PERENNIAL_POOL_STAGING": settings.pool_staging,
        "PERENNIAL_POOL_PROD": settings.pool_prod,
        "PREFECT_HOME": str(settings.state.resolve() / "prefect"),
        "PREFECT_API_URL": f"{addresses['prefect']}/api",
        "PREFECT_UI_URL": addresses["prefect"],
        **({"PREFECT_API_SSL_CERT_FILE": str(NOBODY)} if addresses["prefect"].startswith("http://") else {}),
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": "503",
        "PREFECT_CLIENT_MAX_RETRIES": "8",
        "PREFECT_CLIENT_RETRY_JITTER_FACTOR": "0.2",
        "PREFECT_WORKER_QUERY_SECONDS": "0.5",
        "PREFECT_WORKER_PREFETCH_SECONDS": "10",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        **({"MLFLOW_TRACKING_URI": addresses["mlflow"]} if settings.platform == "local" else {}),
    }


def reach(settings: Settings) -> None:
    """Have what tasks and flows find in their environment in ours. LookupError, which says what to do, where nothing
    runs; nothing where it was said before."""
    if "PREFECT_API_URL" not in os.environ:
        settings.address("prefect")
        os.environ.update(process_environment(settings, settings.addresses))


def inherited() -> dict[str, str]:
    """Our own environment without what would slow our processes down or point them elsewhere."""
    unwanted = ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PYTHONPATH")
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    return {key: value for key, value in kept.items() if not key.startswith(("PREFECT_", "MLFLOW_"))}
