"""What the `setup` flow makes: whether the workspace has it already, by the flow's own plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from lifecycle.names import Stage
from platforms.azure.doctor.subject import Subject
from platforms.azure.workspace_setup import Item, datastore, environments
from platforms.checkup import Check, Finding, missing, ok

_SETUP = "prefect deployment run setup/dev -p apply=true --watch"


def checks(subject: Subject, stage: Stage) -> Iterator[Check]:
    """The datastore and the environments. All of them are made in development."""
    if stage == "development":
        yield Check("datastore of the data", partial(_there, lambda: datastore(subject.clients)), _SETUP)
        yield Check("environments", partial(_there, lambda: environments(subject.clients)), _SETUP)


def _there(plan: Callable[[], Iterable[Item]]) -> Iterator[Finding]:
    for item in plan():
        yield ok(item.what, "there") if item.there else missing(item.what, "not there yet", _SETUP)
