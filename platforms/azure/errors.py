"""What Azure's services answer, in the ports' words: the resource, the operation, the service's message, no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from platforms.ports import NotFound, PlatformError, Refused, Unavailable
from platforms.secrets import without_secrets

_LATER = {408, 409, 412, 429}


@contextmanager
def told(operation: str, resource: str) -> Iterator[None]:
    """Whatever the SDK raises inside becomes a `PlatformError`; its own error, whose request holds tokens, does not."""
    from azure.ai.ml.exceptions import MlException
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        if isinstance(error, MlException):  # the SDK's own checks, before anything is sent
            raise Refused(_words(operation, resource, error)) from None
        raise _kind(error)(_words(operation, resource, error)) from None


def word(value: object) -> str:
    """A word of the service: the SDK makes enumerations of some, and leaves as they are what it does not know."""
    return str(getattr(value, "value", value))


def _kind(error: Exception) -> type[PlatformError]:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    if isinstance(error, ClientAuthenticationError):
        return Refused
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        return Unavailable
    if error.status_code == 404:
        return NotFound
    return Unavailable if error.status_code in _LATER or error.status_code >= 500 else Refused


def _words(operation: str, resource: str, error: Exception) -> str:
    lines = [line.strip() for line in str(getattr(error, "message", error)).splitlines()]
    message = " ".join(line for line in lines if line and not line.startswith(("Additional Information", "Type:")))
    return f"{operation} of {resource} failed: {without_secrets(message)[:1500]}"
