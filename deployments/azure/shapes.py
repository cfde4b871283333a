"""The form of a JSON value: its keys and types, without a single value; and where two forms differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Shape = dict[str, Any]  # {"types": [...], "keys": {name: Shape}, "items": Shape}
_NAMES = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
_OWN_KEYS = re.compile(r"(^|\.)(tags|traffic|mirrorTraffic|properties\.properties|logFiles|environmentVariables)$")


def mask_key(name: str) -> str:
    """A name as it may be told; a long one may be somebody's data."""
    return name if len(name) <= 64 else "{long}"


def shape_of(value: Any, masked: Callable[[str], str]) -> Shape:
    """Its form; `masked` hides in keys what is somebody's own."""
    if isinstance(value, dict):
        keys: dict[str, Shape] = {}
        for name, one in value.items():
            key, shape = mask_key(masked(str(name))), shape_of(one, masked)
            keys[key] = merged([keys[key], shape]) if key in keys else shape
        return {"types": ["object"], "keys": keys}
    if isinstance(value, list):
        return {"types": ["array"], **({"items": merged(shape_of(one, masked) for one in value)} if value else {})}
    return {"types": [_NAMES[type(value)]]}


def merged(shapes: Iterable[Shape]) -> Shape:
    """One form for several values: all their types, all their keys."""
    types: set[str] = set()
    keys: dict[str, Shape] = {}
    items: list[Shape] = []
    for shape in shapes:
        types |= set(shape["types"])
        for name, one in shape.get("keys", {}).items():
            keys[name] = merged([keys[name], one]) if name in keys else one
        items += [shape["items"]] if "items" in shape else []
    return {
        "types": sorted(types),
        **({"keys": keys} if "object" in types else {}),
        **({"items": merged(items)} if items else {}),
    }


def differences(one: Shape, other: Shape, where: str = "") -> Iterator[str]:
    """Where they differ, by path: `-` only in the first, `+` only in the second. Null goes with everything.

    Keys that callers choose (tags, traffic) are not compared.
    """
    types, others = (set(shape["types"]) - {"null"} for shape in (one, other))
    if types and others and types != others:
        yield f"{where or '.'}: {'|'.join(sorted(types))} or {'|'.join(sorted(others))}"
    keys, other_keys = one.get("keys", {}), other.get("keys", {})
    if "keys" in one and "keys" in other and not _OWN_KEYS.search(where):
        yield from (f"- {where}.{name}" for name in keys if name not in other_keys)
        yield from (f"+ {where}.{name}" for name in other_keys if name not in keys)
        for name in sorted(keys.keys() & other_keys.keys()):
            yield from differences(keys[name], other_keys[name], f"{where}.{name}")
    if "items" in one and "items" in other:
        yield from differences(one["items"], other["items"], f"{where}[]")
