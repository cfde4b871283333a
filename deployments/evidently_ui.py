"""`perennial evidently`: Evidently's own UI over the reports of a workload, on loopback, telling nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from deployments.environment import inherited
from deployments.evidently_workspace import bring_up_to_date, project_id
from deployments.ports import require_free
from platforms.choose import choose_platform
from platforms.settings import Settings
from platforms.workloads import find_workload

LOOK_AGAIN = 30.0  # seconds until new windows are looked for
SILENT = {"DO_NOT_TRACK": "1", "ITERATIVE_DO_NOT_TRACK": "1"}  # its service reports its use unless told not to


def serve_evidently(settings: Settings, name: str, port: int, tell: Callable[[str], None]) -> int:
    """Serve until Ctrl-C or the UI ends; its exit code. New windows appear by themselves.

    LookupError for a workload that is not there or does not ask for it, PortInUse where somebody listens already.
    """
    workload = find_workload(settings.workloads, name).workload
    if not workload.monitor.evidently_ui:
        raise LookupError(f"{name} keeps nothing for Evidently's UI: write `monitor: {{evidently_ui: true}}` first.")
    require_free({"evidently": port})
    blobs, workspace = choose_platform(settings).blobs, settings.state / "evidently" / name
    windows = bring_up_to_date(blobs, name, workspace)
    command = [sys.executable, "-m", "evidently.cli", "ui", "--host", "127.0.0.1", "--port", str(port)]
    ui = subprocess.Popen([*command, "--workspace", str(workspace)], env={**inherited(), **SILENT})
    tell(f"{windows} windows of {name}: http://127.0.0.1:{port}/projects/{project_id(name)} (Ctrl-C ends it)")
    try:
        while True:
            try:
                return ui.wait(LOOK_AGAIN)
            except subprocess.TimeoutExpired:
                bring_up_to_date(blobs, name, workspace)
    except KeyboardInterrupt:
        return 0
    finally:
        ui.terminate()
        ui.wait()
