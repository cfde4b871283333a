"""That each host the service speaks to can be reached from here: its name, the way there, its certificate."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from urllib.parse import urlsplit

from lifecycle.names import Stage
from platforms.azure.doctor.subject import Subject
from platforms.checkup import Check, Finding, missing, ok, unknown
from platforms.tls_probe import Unreachable, probe_tls

_FIXED = ("login.microsoftonline.com", "management.azure.com")


def checks(subject: Subject, denied: Collection[Stage]) -> Iterator[Check]:
    """A check a host. Those of a region are known once a workspace has told it."""
    registries = ["eastus.api.azureml.ms"] if subject.settings.registry else []  # where the SDK asks for all of them
    for host in [*_FIXED, *registries, *_storage(subject)]:
        yield Check(_title(host), partial(_reach, host), _mend(host))
    if "development" not in denied:
        yield Check("host of the region's data plane", partial(_regional, subject, "development", "{}.api.azureml.ms"))
    if "production" not in denied:
        zone = "{}.inference.ml.azure.com"
        yield Check("host of endpoints", partial(_regional, subject, "production", zone))


def _storage(subject: Subject) -> list[str]:
    words = subject.settings.storage.get_secret_value().strip()
    if words.startswith("https://"):
        return [urlsplit(words).hostname or ""]
    account = dict(part.partition("=")[::2] for part in words.split(";")).get("AccountName")
    return [f"{account}.blob.core.windows.net"] if account and "BlobEndpoint=" not in words else []


def _regional(subject: Subject, stage: Stage, zone: str) -> Iterator[Finding]:
    host = zone.format(subject.region(stage))
    found = next(iter(_reach(host)))
    if found.told.endswith("does not resolve") and ".inference." in host:
        # A wildcard of the zone: without an endpoint in the region there may be nothing to resolve.
        yield unknown(found.what, f"{found.told}; endpoints have names below it", found.mend)
        return
    yield found


def _title(host: str) -> str:
    return f"host {host}"


def _mend(host: str) -> str:
    return f"curl --verbose https://{host}/   # open port 443 to it, or set HTTPS_PROXY and NO_PROXY"


def _reach(host: str) -> Iterator[Finding]:
    try:
        way = probe_tls(host)
    except Unreachable as reason:
        yield missing(_title(host), str(reason), _mend(host))
    else:
        yield ok(_title(host), f"answers TLS {way}")
