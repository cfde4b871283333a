"""`perennial history`: the whole story of a model, from data to production, as the ledger tells it."""

from __future__ import annotations

import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lifecycle.ledger import LedgerEntry
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.settings import Settings
from platforms.workloads import find_workload


def read_history(settings: Settings, workload: str) -> list[LedgerEntry]:
    """The ledger's entries, the oldest first. LookupError where there is no such workload."""
    found = find_workload(settings.workloads, workload)
    return Ledger(LocalBlobStore(settings.blobs), found.workload.name).entries()


def show_history(settings: Settings, workload: str, as_json: bool) -> None:
    """Print it, as a table for people or as JSON lines for programs."""
    entries = read_history(settings, workload)
    if as_json:
        print(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=1))
        return
    if not entries:
        print(f"Nothing has happened to {workload} yet.")
        return
    table = Table(title=f"The story of {workload}", title_justify="left", box=None, pad_edge=False)
    for title in ("when (UTC)", "what", "in words"):
        table.add_column(title, no_wrap=title != "in words")
    for entry in entries:
        table.add_row(
            f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.kind, f"{escape(entry.summary)} [dim]({escape(entry.by)})[/]"
        )
    Console().print(table)
