"""`perennial front`: the front of a workload's endpoint, which gives each caller of an A/B test its version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from deployments.ports import require_free
from platforms.ab_tests import AbTests
from platforms.choose import choose_platform
from platforms.settings import Settings
from platforms.workloads import find_workload
from scoring.front import Front, serve_front


def run_front(settings: Settings, name: str, host: str, port: int, tell: Callable[[str], None]) -> int:
    """Serve until Ctrl-C; an exit code. LookupError where there is no such workload, NotFound where it has no endpoint
    yet, PortInUse where somebody listens already."""
    workload = find_workload(settings.workloads, name).workload.name
    platform = choose_platform(settings)
    url, tests = platform.endpoints.get(workload).scoring_url, AbTests(platform.blobs, workload)
    if port:
        require_free({"front": port})

    def serving(taken: int) -> None:
        tell(f"Clients of {workload} POST to http://{host}:{taken}/score, with who they are in x-caller-id.")

    async def serve() -> None:
        await serve_front(Front(url), port, tests.front, serving, host)

    try:
        try:
            import uvloop

            uvloop.run(serve())
        except ImportError:  # Windows has none
            asyncio.run(serve())
    except KeyboardInterrupt:
        return 0
    return 0
