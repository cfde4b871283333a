"""What a forked process does: one flow, watched, with Prefect or without."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.walk.bare import leave_prefect_out, let_staging_pass, tell_promoting
from tests.walk.watching import Orders, watch


def run(flow: str, call: str, orders: Orders) -> None:
    """Run `flows.FLOW.FLOW(call)` to its end, or to the harm."""
    found = getattr(importlib.import_module(f"flows.{flow}"), flow)
    words, named = eval(f"(lambda *words, **named: (words, named))({call})")  # noqa: S307 - the walk's own words
    if orders.locks:
        locks = Path(orders.locks)
        leave_prefect_out(locks)
        found = found.fn
        if flow == "promote":
            tell_promoting(locks, *words, *named.values())
        if flow == "release":
            let_staging_pass()
    watch(orders)
    state = found(*words, **named)
    print("ENDED", getattr(state, "message", state))
