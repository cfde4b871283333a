"""`python -m deployments.prefect_server ...`: `prefect server ...`, with SQLite transactions that wait for one another,
and time zones that are read once.

Prefect opens its SQLite transactions as DEFERRED. One that has read and then writes fails at once with
"database is locked" if another has written meanwhile, whatever the busy timeout says (SQLITE_BUSY_SNAPSHOT,
sqlite.org/isolation.html); the server answers 503, and its client waits two seconds. A trigger that counts events
loses this race against the flow run that it starts nearly every time: both write within 50 ms. IMMEDIATE transactions
queue for the lock instead. On Postgres nothing changes.

It looks through the zones' files for each schedule that it validates, and so for each that it reads with a deployment:
8 ms of a processor each time, a third of what an idle server did here.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any


def take_the_lock_first() -> None:
    """Open every SQLite transaction of this process's Prefect server with the lock for writing."""
    from prefect.server.database.configurations import AioSqliteConfiguration

    begin = AioSqliteConfiguration.begin_transaction

    @asynccontextmanager
    async def begin_immediate(self: AioSqliteConfiguration, session: Any, **_: Any) -> AsyncGenerator[Any, None]:
        async with begin(self, session, with_for_update=True) as transaction:
            yield transaction

    AioSqliteConfiguration.begin_transaction = begin_immediate  # type: ignore


def read_time_zones_once() -> None:
    """Have this process's Prefect remember which time zones there are."""
    from prefect.types import _datetime

    _datetime.available_timezones = functools.cache(_datetime.available_timezones)


if __name__ == "__main__":
    import sys

    from prefect.cli import app

    take_the_lock_first()
    read_time_zones_once()
    sys.argv[0] = "prefect"
    app()
