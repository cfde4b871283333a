"""What an identity was granted: `WORKSPACE`, `registry:NAME` or `container:NAME`, each with `:read` or `:write`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WORKSPACE, REGISTRY, CONTAINER = "workspace", "registry", "container"
_WORDS = {"read": False, "write": True}


@dataclass(frozen=True)
class Grant:
    """A role on one thing. Whoever may write may also read."""

    kind: str
    name: str
    writes: bool = True


def read_grant(text: str) -> Grant:
    """`production`, `production:read`, `registry:shared:write`; without a word it is `write`."""
    parts = text.split(":")
    writes = _WORDS[parts.pop()] if parts[-1] in _WORDS and len(parts) > 1 else True
    kind = parts.pop(0) if parts[0] in (REGISTRY, CONTAINER) and len(parts) > 1 else WORKSPACE
    if len(parts) != 1 or not parts[0]:
        raise ValueError(f"Not a grant: {text!r}. It is NAME, registry:NAME or container:NAME, then :read or :write.")
    return Grant(kind, parts[0], writes)


def allows(grants: Iterable[Grant], kind: str, name: str, write: bool) -> bool:
    """Whether one of the grants covers it."""
    return any(
        grant.kind == kind and grant.name.lower() == name.lower() and (grant.writes or not write) for grant in grants
    )


def action_of(method: str, path: str) -> str:
    """A call's operation in the service's words, such as `workspaces/jobs/write`."""
    if path.endswith("/discovery"):
        return "registries/read"
    verb = {"GET": "read", "HEAD": "read", "DELETE": "delete", "POST": "action"}.get(method, "write")
    return "/".join([*kinds_of(path), verb])


def kinds_of(path: str) -> list[str]:
    """The kinds of resource that a path leads through: `workspaces`, `models`, `versions`."""
    return path.rpartition("/providers/")[2].strip("/").split("/")[1::2]
