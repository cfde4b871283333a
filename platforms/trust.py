"""Whom an HTTP client trusts. The web's authorities take 30 ms to read: done once, and only where they are asked."""

from __future__ import annotations

import functools
import os
import ssl

import httpx


def trust_for(url: str) -> ssl.SSLContext:
    """For a client of that address: nobody where it is plain HTTP, since no certificate is met there."""
    return _nobody() if url.startswith("http://") else authorities()


def authorities() -> ssl.SSLContext:
    """The web's, or those that `SSL_CERT_FILE` names now: an emulator that was started since has its own."""
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@functools.cache
def _read(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()  # which reads the same two


@functools.cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
