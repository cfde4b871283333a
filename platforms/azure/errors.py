"""Azure's errors in the ports' words: what was asked of which resource, what the service said, and no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from platforms.ports import NotFound, PlatformError, Refused, Unavailable

_TRANSIENT = (408, 412, 429, 500, 502, 503, 504)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Raise what Azure raises within as a PlatformError. what: the operation and the resource, in words."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise _in_our_words(error, what) from error


def _in_our_words(error: Exception, what: str) -> PlatformError:
    from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

    # The first line is the service's message; those after it repeat the request, its signature among them.
    message = str(getattr(error, "message", error)).strip().partition("\n")[0]
    if not isinstance(error, HttpResponseError):  # no answer: no connection, a broken one, no credential
        return Unavailable(f"{what}: {type(error).__name__}: {message}")
    code = getattr(error, "error_code", None) or (error.error.code if error.error else "") or ""
    text = f"{what}: HTTP {error.status_code} {getattr(code, 'value', code)}: {message}"
    if isinstance(error, ResourceNotFoundError) or error.status_code == 404:
        return NotFound(text)
    if isinstance(error, ResourceModifiedError):
        return Unavailable(f"{text} It changed meanwhile.")
    return Unavailable(text) if error.status_code in _TRANSIENT else Refused(text)
