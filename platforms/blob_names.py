"""Which names a blob may have: they come from outside and become paths."""

from __future__ import annotations

from platforms.ports import Refused


def require_blob_name(name: str) -> str:
    """The name. Refused for one that leads out of its store, or that two systems would read differently."""
    parts = name.rstrip("/").split("/")
    if name.startswith("/") or "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts if name):
        raise Refused(f"{name!r} is no blob name: relative, parts separated by '/', none of them '.' or '..'.")
    return name
