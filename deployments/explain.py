"""`perennial explain`: what monitoring decided last about a workload, and why, in words."""

from __future__ import annotations

from lifecycle.explanation import explain
from platforms.choose import choose_platform
from platforms.ledger import Ledger
from platforms.settings import Settings
from platforms.workloads import find_workload


def explain_last(settings: Settings, workload: str) -> str:
    """The text. LookupError where there is no such workload."""
    name = find_workload(settings.workloads, workload).workload.name
    entries = Ledger(choose_platform(settings).blobs, name).entries()
    decided = [entry for entry in entries if entry.kind == "decided"]
    return explain(decided[-1]) if decided else f"Nothing was decided about {name} yet: no window of it was monitored."
