"""`perennial investigations` and `perennial investigation`: what is looked into, its ticket, and its end."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lifecycle.investigation import Closing, Investigation
from lifecycle.ledger import LedgerEntry
from lifecycle.ticket import ticket
from platforms.choose import choose_platform
from platforms.investigations import Investigations
from platforms.ledger import Ledger
from platforms.settings import Settings
from platforms.workloads import all_workloads, find_workload

Known = tuple[Investigation, Closing | None]


def read_investigations(settings: Settings, workload: str | None, closed: bool) -> list[Known]:
    """Those of the workload, or of all; with `closed`, those that are over, too. LookupError for an unknown name."""
    if workload is None:
        names = [found.workload.name for found in all_workloads(settings.workloads)[0]]
    else:
        names = [find_workload(settings.workloads, workload).workload.name]
    blobs = choose_platform(settings).blobs
    found = [one for name in names for one in Investigations(blobs, name).all()]
    return [(one, closing) for one, closing in found if closed or closing is None]


def show_investigations(settings: Settings, workload: str | None, closed: bool, as_json: bool) -> None:
    """Print them, as a table for people or as JSON for programs."""
    found = read_investigations(settings, workload, closed)
    if as_json:
        print(json.dumps([_record(one, closing) for one, closing in found], indent=1))
        return
    if not found:
        print("Nothing is being investigated.")
        return
    table = Table(title="Investigations", title_justify="left", box=None, pad_edge=False)
    for title in ("workload", "id", "opened (UTC)", "about", "state"):
        table.add_column(title, no_wrap=title in ("id", "opened (UTC)"))
    for one, closing in found:
        state = "open" if closing is None else f"closed by {closing.by}: {closing.because}"
        moment = f"{one.opened_at:%Y-%m-%d %H:%M}"
        table.add_row(one.workload, one.id, moment, escape(one.title), escape(state))
    Console().print(table)


def ticket_of(settings: Settings, workload: str, identity: str) -> str:
    """The ready text, and how it ended, if it has."""
    store, _ = _open(settings, workload)
    text, closing = ticket(store.get(identity)), store.closing(identity)
    if closing is None:
        return text
    return f"{text}\nClosed at {closing.closed_at:%Y-%m-%d %H:%M} UTC by {closing.by}: {closing.because}\n"


def close(settings: Settings, workload: str, identity: str, because: str, by: str | None) -> str:
    """Close it, and say so in the ledger; a sentence. LookupError where there is none of that id."""
    store, ledger = _open(settings, workload)
    one, at = store.get(identity), datetime.now(UTC)
    who = by or getpass.getuser()
    if not store.close(Closing(id=identity, closed_at=at, by=who, because=because)):
        return f"Investigation {identity} was closed before."
    summary = f"Investigation {identity} was closed: {because}."
    version = one.slice.model_version
    ledger.write(LedgerEntry(kind="closed", key=identity, at=at, by=who, summary=summary, model_version=version))
    return summary


def _open(settings: Settings, workload: str) -> tuple[Investigations, Ledger]:
    name = find_workload(settings.workloads, workload).workload.name
    blobs = choose_platform(settings).blobs
    return Investigations(blobs, name), Ledger(blobs, name)


def _record(one: Investigation, closing: Closing | None) -> dict[str, object]:
    return {**one.model_dump(mode="json"), "closed": None if closing is None else closing.model_dump(mode="json")}
