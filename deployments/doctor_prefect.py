"""Prefect, looked at: its API, and a work pool with somebody who works for each stage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import httpx

from platforms.checkup import Check, Finding, missing, ok, warning
from platforms.settings import Settings

_TIMEOUT_SECONDS = 8.0


def checks(settings: Settings) -> list[Check]:
    """The API first, then each pool."""
    api, start = _api(settings), _start(settings)
    if api is None:
        unset = missing("Prefect API", "no PREFECT_API_URL, and no service runs from this folder", start)
        return [Check("Prefect API", lambda: [unset])]
    pools = [Check(f"work pool {pool}", partial(_pool, api, pool), start) for pool in settings.pools]
    return [Check("Prefect API", partial(_health, api, start), start), *pools]


def _api(settings: Settings) -> str | None:
    if "prefect" in settings.addresses:
        return f"{settings.addresses['prefect']}/api"
    return os.environ.get("PREFECT_API_URL", "").rstrip("/") or None


def _start(settings: Settings) -> str:
    where = f"perennial up --platform {settings.platform}"
    return where if settings.platform != "azure" else f"{where}   # or export PREFECT_API_URL=… of your server"


def _client(api: str) -> httpx.Client:
    key = os.environ.get("PREFECT_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=api, headers=headers, timeout=_TIMEOUT_SECONDS)


def _health(api: str, start: str) -> Iterator[Finding]:
    try:
        with _client(api) as client:
            answer = client.get("/health")
    except httpx.TransportError as error:
        yield missing("Prefect API", f"{api} does not answer: {error}", start)
        return
    if answer.is_success:
        yield ok("Prefect API", api)
    else:
        mend = "prefect cloud login" if answer.status_code in (401, 403) else start
        yield missing("Prefect API", f"{api} answers HTTP {answer.status_code}", mend)


def _pool(api: str, pool: str) -> Iterator[Finding]:
    what = f"work pool {pool}"
    with _client(api) as client:
        answer = client.get(f"/work_pools/{pool}")
    if answer.status_code == 404:
        yield missing(what, "there is none", "perennial deploy")
        return
    answer.raise_for_status()
    if answer.json().get("status") in ("READY", None):
        yield ok(what, str(answer.json().get("type")))
    else:
        yield warning(what, "no worker asks for its runs", f"prefect worker start --pool {pool}")
