"""What Blob Storage answers, in the ports' words: which blob, what was tried, what the service said, no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from platforms.ports import NotFound, PlatformError, Refused, Unavailable

_LATER = {408, 412, 429}  # 412: somebody changed it meanwhile
_LATER_CODES = {"BlobBeingRehydrated", "ContainerBeingDeleted", "InvalidBlockList"}
_NEVER_CODES = {"LeaseIdMissing"}  # a 412 that does not pass
_SECRETS = (
    (re.compile(r"\?[^\s'\")]+"), "?..."),  # a URL's query: it may be a SAS
    (re.compile(r"\b(sig|AccountKey|SharedAccessSignature)=[^\s;&'\")]+", re.IGNORECASE), r"\1=..."),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "..."),  # a token
    (re.compile(r"request '[^']*'"), "request '...'"),  # the signature that was sent, as AuthenticationFailed quotes it
)


@contextmanager
def told(operation: str, container: str, name: str = "") -> Iterator[None]:
    """Whatever the SDK raises inside becomes a `PlatformError` that tells of this operation.

    The SDK's own error is not kept as the cause: its text and its request hold signatures.
    """
    try:
        yield
    except AzureError as error:
        raise platform_error(error, operation, container, name) from None


def platform_error(error: AzureError, operation: str, container: str, name: str = "") -> PlatformError:
    """The error to raise instead."""
    kind = _kind(error)
    where = f"blob {name} in container {container}" if name else f"container {container}"
    absent = f"There is no {where}: " if kind is NotFound else ""
    return kind(f"{absent}{operation} of {where} failed: {_words(error)}")


def error_code(error: AzureError) -> str:
    """The service's own name for what went wrong, such as BlobNotFound; empty where it gave none."""
    code = getattr(error, "error_code", None) or ""
    return str(getattr(code, "value", code))  # the SDK's enumeration where it knows the code, else a word


def _kind(error: AzureError) -> type[PlatformError]:
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        return Refused if isinstance(error, ClientAuthenticationError) else Unavailable
    if error.status_code == 404:
        return NotFound
    if error_code(error) in _NEVER_CODES:
        return Refused
    if error.status_code in _LATER or error.status_code >= 500 or error_code(error) in _LATER_CODES:
        return Unavailable
    return Refused


def _words(error: AzureError) -> str:
    """The service's message in one line, with its code, status and request id, and without what must stay secret."""
    lines = str(error.message).splitlines() or [""]
    kept = [line.strip() for line in lines if not line.startswith(("Time:", "ErrorCode:", "Content:"))]
    words = " ".join(kept)[:1500]
    for pattern, instead in _SECRETS:
        words = pattern.sub(instead, words)
    status = f"{getattr(error, 'status_code', None) or type(error).__name__} {error_code(error)}".strip()
    return f"{status}: {words}"
