"""Whether a host answers TLS from here, by the proxies and authorities of HTTP clients; if not, where it ends."""

from __future__ import annotations

import base64
import os
import socket
import ssl
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass


class Unreachable(Exception):
    """The host cannot be spoken to; the message says at which step."""


def probe_tls(host: str, port: int = 443, timeout: float = 8.0) -> str:
    """`directly` or `through the proxy NAME`. No request is sent; the certificate is checked. `timeout`: seconds."""
    proxy = None if proxy_bypass(host) else getproxies().get("https")
    with _connected(host, port, proxy, timeout) as plain:
        try:
            context = ssl.create_default_context(cafile=_authorities())
            with context.wrap_socket(plain, server_hostname=host):
                pass
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"its certificate is not trusted here: {error.verify_message}") from None
        except OSError as error:
            raise Unreachable(f"it ends the TLS handshake: {error}") from None
    return "directly" if proxy is None else f"through the proxy {_name(proxy)}"


def _authorities() -> str | None:
    """What requests trusts, and the SDKs by it; None: what OpenSSL trusts."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or None


def _connected(host: str, port: int, proxy: str | None, timeout: float) -> socket.socket:
    if proxy is None:
        return _connect(host, port, timeout)
    parts = urlsplit(proxy)
    plain = _connect(parts.hostname or "", parts.port or 8080, timeout, f"the proxy {_name(proxy)} ")
    try:
        plain.sendall(_connect_request(host, port, proxy))
        status = _answer(plain)
    except OSError as error:
        plain.close()
        raise Unreachable(f"the proxy {_name(proxy)} does not answer: {error}") from None
    if " 200" not in status:
        plain.close()
        raise Unreachable(f"the proxy {_name(proxy)} refuses it: {status.partition(' ')[2]}")
    return plain


def _connect(host: str, port: int, timeout: float, what: str = "") -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout)
    except socket.gaierror:
        raise Unreachable(f"{what}{host} does not resolve") from None
    except OSError as error:
        raise Unreachable(f"{what}{host}:{port} takes no connection: {error}") from None


def _connect_request(host: str, port: int, proxy: str) -> bytes:
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    parts = urlsplit(proxy)
    if parts.username:
        who = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(who.encode()).decode()}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answer(plain: socket.socket) -> str:
    """The status line of the proxy's answer, read to the end of its head and no further."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < 65536:
        byte = plain.recv(1)
        if not byte:
            break
        head += byte
    return head.partition(b"\r\n")[0].decode("latin-1")


def _name(proxy: str) -> str:
    """Its host and port; a password may stand in its address."""
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{parts.port}"
