"""How near the emulator's answers are to those that the real service was recorded to give.

`recorded.json` holds shapes of answers in Microsoft's recordings of the SDK's own tests (see its `about`): of each, the
route, the status, the file and commit that it was read in, and the members with their types.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from azureml_emulator.routing import WORKSPACE
from azureml_emulator.shapes import Shape

FILE = Path(__file__).parent / "recorded.json"
_LETTERS = {"s": "string", "n": "number", "b": "boolean", "-": "null"}


def compared(routes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By recorded answer: how many paths it has, how many of them ours has with the same type, and the differences."""
    recorded = json.loads(FILE.read_text())
    return {entry["answer"]: _compare(entry, recorded["parts"], routes) for entry in recorded["answers"]}


def _compare(entry: dict[str, Any], parts: dict[str, Any], routes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    theirs = _shape(_with_parts(entry["members"], parts))
    route = entry["route"].replace("{workspace}", WORKSPACE, 1)
    kind = f"{entry['status']} {entry.get('kind', '')}".strip()
    ours: Shape = routes.get(route, {}).get("shapes", {}).get(kind, {})
    same = [path for path, types in theirs.items() if path in ours and _agree(types, ours[path])]
    return {
        "paths": len(theirs),
        "same": len(same),
        "lacks": sorted(set(theirs) - set(same)),
        "alone": sorted(path for path in ours if path not in theirs and not _below_unknown(path, theirs)),
    }


def _with_parts(members: Any, parts: dict[str, Any]) -> Any:
    """The notation, with every `@NAME` replaced by the part of that name."""
    if isinstance(members, dict):
        return {name: _with_parts(member, parts) for name, member in members.items()}
    if isinstance(members, list):
        return [_with_parts(member, parts) for member in members]
    return _with_parts(parts[members[1:]], parts) if members.startswith("@") else members


def _shape(members: Any, path: str = "") -> Shape:
    """The shape of the notation: a letter for a plain type, an object for an object, a list of one for a list."""
    if isinstance(members, dict):
        found: Shape = {path: ["object"]} if path else {}
        for name, member in members.items():
            found |= _shape(member, f"{path}.{name}" if path else name)
        return found
    if isinstance(members, list):
        return {path: ["array"], **(_shape(members[0], f"{path}[]") if members else {})}
    return {path: [_LETTERS[members]]}


def _agree(theirs: list[str], ours: list[str]) -> bool:
    """One type in common; null says nothing of what else may stand there."""
    return bool({*theirs} & {*ours}) or "null" in theirs or ours == ["null"]


def _below_unknown(path: str, theirs: Shape) -> bool:
    """Whether the recording has null, or an empty map or list, where ours has more."""
    parents = [path[:end] for end in range(1, len(path)) if path[end] in ".["]
    return any(parent in theirs and not _has_members(parent, theirs) for parent in parents)


def _has_members(parent: str, theirs: Shape) -> bool:
    return any(path.startswith((f"{parent}.", f"{parent}[")) for path in theirs)
