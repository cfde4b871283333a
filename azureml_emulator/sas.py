"""Account signatures: what stands in the query of a blob's URL instead of a token."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

_VERSION = "2021-06-08"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SIGNED = ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses")


def account_signature(account: str, key: str, lifetime: timedelta = timedelta(hours=12)) -> str:
    """A query string that opens every container of the account."""
    expiry = (datetime.now(UTC) + lifetime).strftime(_TIME)
    fields = {"sv": _VERSION, "ss": "b", "srt": "sco", "sp": "rwdlacu", "se": expiry, "spr": "https,http"}
    return urlencode({**fields, "sig": _signature(account, key, fields)})


def is_valid(account: str, key: str, query: Mapping[str, str]) -> bool:
    """Whether a query carries an account signature of ours that has not expired."""
    expected = _signature(account, key, query)
    try:
        expiry = datetime.strptime(query.get("se", ""), _TIME).replace(tzinfo=UTC)
    except ValueError:
        return False
    return hmac.compare_digest(expected, query.get("sig", "")) and expiry > datetime.now(UTC)


def _signature(account: str, key: str, fields: Mapping[str, str]) -> str:
    text = "\n".join([account, *(fields.get(name, "") for name in _SIGNED)]) + "\n"
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
