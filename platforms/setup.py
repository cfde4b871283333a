"""What a place needs before the first run and the service makes itself: a plan first, then what it says.

Infrastructure (machines, workspaces, storage, identities) is not made here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lifecycle.names import Stage


@dataclass(frozen=True)
class Item:
    """One thing that is needed. `make` may be called again at any time, also where a caller before was killed."""

    stage: Stage
    what: str
    there: bool | None  # None: it cannot be looked at from here
    make: Callable[[], object]
    told: str = ""  # why it cannot be looked at
