"""Prefect's client for a command: the service's server that runs here, else the one that the environment names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from platforms.settings import Settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


@contextmanager
def prefect_of(settings: Settings) -> Iterator[SyncPrefectClient]:
    """A client for as long as the context lasts."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with ExitStack() as ending:
        if "prefect" in settings.addresses:
            ending.enter_context(temporary_settings({PREFECT_API_URL: f"{settings.addresses['prefect']}/api"}))
        yield ending.enter_context(get_client(sync_client=True))
