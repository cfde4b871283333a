"""A service of the benchmarks' own, on free ports, ended afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platforms.settings import CURRENT, PlatformName, Settings

ROOT = Path(__file__).parent.parent


@contextmanager
def running_service(platform: PlatformName = "local", workloads: Path = ROOT / "workloads") -> Iterator[Settings]:
    """The whole stack with the project's workloads, or those of a folder, deployed; our environment points to it."""
    from deployments.apply import deploy
    from deployments.stack import down, up

    before = dict(os.environ)
    remembered = CURRENT.read_text() if CURRENT.exists() else None
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(state=Path(folder), workloads=workloads, platform=platform)
        try:
            os.environ.update(up(settings).environment)
            deploy(settings)
            yield settings
        finally:
            down(Path(folder))
            os.environ.clear()
            os.environ.update(before)
            if remembered is None:
                CURRENT.unlink(missing_ok=True)
            else:
                CURRENT.write_text(remembered)
