"""Two transcripts, operation by operation: what only one of them has, and where forms differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployments.azure.shapes import differences, merged

Exchange = dict[str, Any]


def read_transcript(file: Path) -> list[Exchange]:
    """Its exchanges."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def compare(ours: list[Exchange], theirs: list[Exchange]) -> Iterator[str]:
    """A line a difference; none where both are alike. How often an operation was asked for does not count."""
    one, other = _by_operation(ours), _by_operation(theirs)
    yield from (f"- {name}: only in the first" for name in one if name not in other)
    yield from (f"+ {name}: only in the second" for name in other if name not in one)
    for name in sorted(one.keys() & other.keys()):
        yield from (f"{name}: {line}" for line in _of_operation(one[name], other[name]))


def _by_operation(exchanges: list[Exchange]) -> dict[str, list[Exchange]]:
    found: dict[str, list[Exchange]] = {}
    for one in exchanges:
        found.setdefault(f"{one['method']} {one['url']} {one['api_version']}".strip(), []).append(one)
    return found


def _of_operation(one: list[Exchange], other: list[Exchange]) -> Iterator[str]:
    """Failures are told by their status; forms are compared of what succeeded."""
    statuses, others = ({exchange["status"] for exchange in group} for group in (one, other))
    if statuses != others:
        yield f"status {sorted(statuses)} or {sorted(others)}"
    for side in ("sent", "answered"):
        shapes, other_shapes = (
            [exchange[side] for exchange in group if exchange["status"] < 400 and exchange[side] is not None]
            for group in (one, other)
        )
        if shapes and other_shapes:
            yield from (f"{side} {line}" for line in differences(merged(shapes), merged(other_shapes)))
