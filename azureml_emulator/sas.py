"""Signatures: what stands in the query of a blob's URL instead of a token, for an account or for one container."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from azureml_emulator.accounts import Account

_VERSION = "2021-06-08"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LIFETIME = timedelta(hours=12)
_ACCOUNT_SIGNED = ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses")
_WRITE, _READ = "rwdlac", "rl"
_WRITING = set("wdac")


def account_signature(account: Account, lifetime: timedelta = _LIFETIME) -> str:
    """A query string that opens every container of the account."""
    fields = {"sv": _VERSION, "ss": "b", "srt": "sco", "sp": "rwdlacu", "se": _until(lifetime), "spr": "https,http"}
    return urlencode({**fields, "sig": _sign(account.key, _account_text(account.name, fields))})


def container_signature(account: Account, container: str, write: bool = True, lifetime: timedelta = _LIFETIME) -> str:
    """A query string that opens one container, and no other."""
    fields = {"sv": _VERSION, "sr": "c", "sp": _WRITE if write else _READ, "se": _until(lifetime), "spr": "https,http"}
    return urlencode({**fields, "sig": _sign(account.key, _container_text(account.name, container, fields))})


def is_valid(account: Account, query: Mapping[str, str], container: str, write: bool) -> bool:
    """Whether a query carries a signature of ours that has not expired and is good for what is asked."""
    is_one = query.get("sr") == "c"
    text = _container_text(account.name, container, query) if is_one else _account_text(account.name, query)
    try:
        expiry = datetime.strptime(query.get("se", ""), _TIME).replace(tzinfo=UTC)
    except ValueError:
        return False
    permitted = not write or bool(_WRITING & set(query.get("sp", "")))
    return (
        hmac.compare_digest(_sign(account.key, text), query.get("sig", "")) and expiry > datetime.now(UTC) and permitted
    )


def _until(lifetime: timedelta) -> str:
    return (datetime.now(UTC) + lifetime).strftime(_TIME)


def _account_text(account: str, fields: Mapping[str, str]) -> str:
    return "\n".join([account, *(fields.get(name, "") for name in _ACCOUNT_SIGNED)]) + "\n"


def _container_text(account: str, container: str, fields: Mapping[str, str]) -> str:
    """The service's order of lines; those that we never fill are empty."""
    first = [fields.get(name, "") for name in ("sp", "st", "se")]
    middle = [fields.get(name, "") for name in ("si", "sip", "spr", "sv", "sr", "snapshot", "ses")]
    last = [fields.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")]
    return "\n".join([*first, f"/blob/{account}/{container}", *middle, *last])


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
