"""What a run's page in the Prefect UI tells: artifacts, events and ledger entries, under names that do not change."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prefect import runtime
from prefect.artifacts import (
    LinkArtifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)
from prefect.events import emit_event

from lifecycle.ledger import EntryKind, LedgerEntry
from lifecycle.names import event_id
from tasks.clock import now
from tasks.context import Context


def this_run() -> str:
    """Who does it: the flow run, such as train-diabetes."""
    return str(runtime.flow_run.name)


def tell(context: Context, subject: str, markdown: str) -> None:
    """A text on the run's page, and the newest of its kind on the artifact's own page."""
    create_markdown_artifact(markdown, key=f"{context.name}-{subject}", description=f"{subject} of {context.name}")


def tell_table(context: Context, subject: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    """A table on the run's page."""
    create_table_artifact([dict(row) for row in rows], key=f"{context.name}-{subject}", description=description)


def tell_picture(context: Context, subject: str, text: str, svg: str) -> None:
    """A picture on the run's page; text: what it shows."""
    encoded = base64.b64encode(svg.encode()).decode()
    tell(context, subject, f"![{text}](data:image/svg+xml;base64,{encoded})")


def tell_progress(context: Context, subject: str, share: float, text: str) -> None:
    """A bar on the run's page: how much of it (0..1) is done, and in words."""
    create_progress_artifact(round(100 * share, 1), key=f"{context.name}-{subject}", description=text)


def tell_link(context: Context, subject: str, url: str, text: str) -> None:
    """A link on the run's page."""
    create_link_artifact(url, key=f"{context.name}-{subject}", link_text=text, description=text)


def tell_link_of(context: Context, flow_run: str | None, subject: str, url: str, text: str) -> None:
    """A link on the page of that run, by its id, which may be another run than this one; none: on this run's."""
    identity = UUID(flow_run) if flow_run else None
    key = f"{context.name}-{subject}"
    LinkArtifact(link=url, link_text=text, key=key, description=text, flow_run_id=identity).create()


def emit(context: Context, event: str, key: str, payload: Mapping[str, Any]) -> UUID:
    """Tell the service: an event about the workload. Told twice under one key, it is one event."""
    identity = event_id(context.name, event, key)
    emit_event(
        event=event,
        resource={
            "prefect.resource.id": context.workload.resource,
            "prefect.resource.name": context.name,
            "perennial.workload": context.name,
        },
        payload={"workload": context.name, "key": key, **payload},
        id=identity,
    )
    return identity


def record(context: Context, kind: EntryKind, key: str, summary: str, **more: Any) -> None:
    """Write the ledger's entry; the same entry written again changes nothing."""
    by = more.pop("by", None) or this_run()
    context.ledger.write(LedgerEntry(kind=kind, key=key, at=now(), by=by, summary=summary, **more))
