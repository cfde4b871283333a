"""setup: what the platform needs and the service makes itself; the plan first, then, if told so, what it says."""

from __future__ import annotations

from prefect import flow

from tasks.setting_up import make_missing, planned, tell_plan


@flow(name="setup", flow_run_name="setup", description="Show what the platform lacks, and make it if told so.")
def setup(apply: bool = False) -> str:
    """What is there, missing or made, in a sentence. Idempotent, and safe to kill: run it again.

    Args:
        apply: Make what is missing; without it, nothing is changed.
    """
    items = planned()
    tell_plan(items, "as it was found")
    if not apply:
        missing = [item for item in items if item.there is False]
        return f"{len(missing)} of {len(items)} are missing. Nothing was made."
    made = make_missing(items)
    if made:
        tell_plan(planned(), "after what was missing had been made")
    return f"{len(made)} of {len(items)} were missing and were made."
