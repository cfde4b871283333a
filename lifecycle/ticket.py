"""The text of an investigation: Markdown, ready to be pasted into a ticket."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.investigation import Investigation, Segment

_MOMENT = "%Y-%m-%d %H:%M:%S"


def ticket(one: Investigation) -> str:
    """What was seen, in which data, where to look first, and how it ends."""
    pinned = one.slice
    seen = "\n".join(f"- {alarm.message}{_confirmed(alarm.confirms)}" for alarm in one.alarms)
    lines = [
        f"# {one.title}",
        f"Investigation `{one.id}`, opened {one.opened_at:{_MOMENT}} UTC.",
        f"## What was seen\n\n{seen}",
        "## The data\n\n"
        f"- predictions of endpoint `{pinned.endpoint}` from {pinned.start:{_MOMENT}} to {pinned.end:{_MOMENT}} UTC, "
        f"{pinned.rows} rows\n"
        f"- model version {pinned.model_version}, compared with the hold-out of dataset version "
        f"`{pinned.dataset_version}`\n" + _blobs(pinned.blobs) + f"- column by column: blob `{one.evidence}`",
        f"## Where to look first\n\n{_segments(one.segments)}" if one.segments else "",
        f"The Evidently report: blob `{one.report}`." if one.report else "",
        "## When it is over\n\n"
        f'`perennial investigation close {one.workload} {one.id} --because "..."`. '
        "It closes by itself when the drift is gone, or another version is the champion.",
    ]
    return "\n\n".join(line for line in lines if line) + "\n"


def _confirmed(key: str | None) -> str:
    return f" (confirms window `{key}`)" if key else ""


def _blobs(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f", and {len(names) - 5} more" if len(names) > 5 else ""
    return f"- in {len(names)} blobs: {', '.join(f'`{name}`' for name in names[:5])}{more}\n"


def _segments(segments: Sequence[Segment]) -> str:
    rows = "\n".join(
        f"| {_cell(one.column)} | {_cell(one.values)} | {one.share:.1%} | {one.reference_share:.1%} |"
        for one in segments
    )
    return f"| column | values | now | in the reference |\n|---|---|---|---|\n{rows}"


def _cell(text: str) -> str:
    """Names and categories come from data."""
    return "".join(letter if letter.isprintable() else " " for letter in text).replace("|", "\\|")[:80]
