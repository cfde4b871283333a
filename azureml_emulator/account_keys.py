"""A storage account's key as a credential: requests that are signed with it, and signatures for one blob made of it.

The strings to sign are those of Azure Storage's reference ("Authorize with Shared Key", "Create a service SAS").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request

from azureml_emulator.accounts import Account

_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_BLOB_FIELDS = ("si", "sip", "spr", "sv", "sr", "snapshot", "ses", "rscc", "rscd", "rsce", "rscl", "rsct")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def is_signed(account: Account, request: Request) -> bool:
    """Whether a request carries `Authorization: SharedKey ACCOUNT:SIGNATURE`, and rightly."""
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(
        given.encode(), f"SharedKey {account.name}:{_sign(account.key, _text(account.name, request))}".encode()
    )


def opens_blob(account: Account, path: str, query: Mapping[str, str]) -> bool:
    """Whether a query carries a signature for this very blob, `/CONTAINER/NAME`, that has not expired. For reading."""
    words = [query.get(name, "") for name in ("sp", "st", "se")]
    words += [f"/blob/{account.name}{path}", *(query.get(name, "") for name in _BLOB_FIELDS)]
    try:
        expiry = datetime.strptime(query.get("se", ""), _TIME).replace(tzinfo=UTC)
    except ValueError:
        return False
    is_ours = hmac.compare_digest(_sign(account.key, "\n".join(words)), query.get("sig", ""))
    return is_ours and query.get("sr") == "b" and "r" in query.get("sp", "") and expiry > datetime.now(UTC)


def _text(account: str, request: Request) -> str:
    headers = {name: request.headers.get(name, "") for name in _HEADERS}
    if headers["content-length"] == "0":
        headers["content-length"] = ""
    own = sorted((name, value) for name, value in request.headers.items() if name.startswith("x-ms-"))
    raw_path = request.scope["raw_path"].decode().partition("?")[0]
    query = sorted((name.lower(), value) for name, value in request.query_params.multi_items())
    lines = [request.method, *(headers[name] for name in _HEADERS), *(f"{name}:{value}" for name, value in own)]
    return "\n".join([*lines, f"/{account}{raw_path}", *(f"{name}:{value}" for name, value in query)])


def _sign(key: str, text: str) -> str:
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
