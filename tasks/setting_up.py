"""The steps of `setup`: the platform's plan, shown on the run's page, and what it says is missing, made."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from platforms.choose import setup_plan
from platforms.settings import load_settings
from platforms.setup import Item
from platforms.workloads import all_workloads

_KEY = "setup"
_WORDS = {True: "there", False: "missing", None: "cannot be looked at"}


def planned() -> list[Item]:
    """What the platform of the settings needs for every valid workload."""
    settings = load_settings()
    valid, _ = all_workloads(settings.workloads)
    return list(setup_plan(settings, [found.workload.name for found in valid]))


def tell_plan(items: Sequence[Item], when: str) -> None:
    """A table on the run's page, and in its log."""
    log = get_run_logger()
    if not items:
        create_markdown_artifact("Nothing is to be made here: this platform needs no setup.", key=_KEY)
        log.info("Nothing is to be made here.")
        return
    rows = [{"stage": item.stage, "what": item.what, "is": _WORDS[item.there], "why": item.told} for item in items]
    create_table_artifact(rows, key=_KEY, description=f"The plan, {when}.")
    for row in rows:
        log.info("%s: %s is %s", row["stage"], row["what"], row["is"])


def make_missing(items: Sequence[Item]) -> list[Item]:
    """Make what is missing, in the plan's order; what was made. An error ends it: the next run carries on there."""
    log = get_run_logger()
    missing = [item for item in items if item.there is False]
    for item in missing:
        item.make()
        log.info("%s: %s was made", item.stage, item.what)
    return missing
