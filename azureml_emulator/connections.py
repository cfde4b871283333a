"""Connections of the emulator's own to other servers on loopback."""

from __future__ import annotations

from typing import Any

import httpx

# Gunicorn ends a connection that was idle for two seconds, uvicorn and Node after five: a request that is sent at
# that moment is lost, and not each may be sent twice. So the emulator is the first to let go.
_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=1.0)


def loopback_client(**options: Any) -> httpx.Client:
    """An `httpx.Client` with these options that takes no proxy from the environment."""
    return httpx.Client(trust_env=False, limits=_KEPT, **options)
