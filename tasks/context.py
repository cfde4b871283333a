"""What a flow run works with, opened at its edge and handed to every task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lifecycle.workload import Workload
from platforms.choose import choose_platform
from platforms.ledger import Ledger
from platforms.ports import Platform
from platforms.settings import Settings, load_settings
from platforms.workloads import find_workload


@dataclass(frozen=True)
class Context:
    """One workload on one platform."""

    settings: Settings
    platform: Platform
    workload: Workload
    folder: Path  # where the workload's script lies
    ledger: Ledger

    @property
    def name(self) -> str:
        return self.workload.name


def open_context(workload: str, settings: Settings | None = None) -> Context:
    """The context of a workload. LookupError or InvalidWorkload say what is wrong with its name or its file."""
    settings = settings or load_settings()
    found = find_workload(settings.workloads, workload)
    platform = choose_platform(settings)
    return Context(settings, platform, found.workload, found.folder, Ledger(platform.blobs, found.workload.name))
