"""`perennial explain`: what monitoring decided last about a workload, and why, in words."""

from __future__ import annotations

from lifecycle.explanation import explain
from lifecycle.names import CHAMPION
from lifecycle.tags import FORCED
from platforms.choose import choose_platform
from platforms.ledger import Ledger
from platforms.settings import Settings
from platforms.workloads import find_workload


def explain_last(settings: Settings, workload: str) -> str:
    """The text. LookupError where there is no such workload."""
    name = find_workload(settings.workloads, workload).workload.name
    platform = choose_platform(settings)
    entries = Ledger(platform.blobs, name).entries()
    decided = [entry for entry in entries if entry.kind == "decided"]
    told = explain(decided[-1]) if decided else f"Nothing was decided about {name} yet: no window of it was monitored."
    champion = platform.models.by_alias(name, CHAMPION)
    forced = None if champion is None else champion.tags.get(FORCED)
    return f"{told}\nThe champion, version {champion.version}, was {forced}" if champion and forced else told
