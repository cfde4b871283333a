"""What an answer of Azure Resource Manager over plain HTTP means in the ports' words."""

from __future__ import annotations

import httpx

from platforms.ports import NotFound, PlatformError, Refused, Unavailable
from platforms.secrets import without_secrets


def problem_in(answer: httpx.Response, what: str = "") -> PlatformError:
    """The error to raise for an answer that is none; `what` was asked for. The service's words, without secrets."""
    try:
        error = answer.json().get("error") or answer.json()
        words = f"{error.get('code')}: {error.get('message')}"
    except (ValueError, AttributeError):
        words = answer.text[:500]
    message = f"{what}: " if what else ""
    message += f"HTTP {answer.status_code}, {without_secrets(words)}"
    if answer.status_code == 404:
        return NotFound(message)
    later = answer.status_code in (408, 429) or answer.status_code >= 500
    return Unavailable(message) if later else Refused(message)
