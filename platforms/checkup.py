"""A check-up: many independent looks at what the service needs, each bounded in time, each with the command that mends.

One that fails, hangs or breaks is told in its own line and stops no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from platforms.ports import PlatformError
from platforms.secrets import without_secrets

LIMIT_SECONDS = 10.0
AT_ONCE = 8


class Verdict(StrEnum):
    OK = "ok"
    MISSING = "missing"  # it is needed, and the service will not run as it is
    WARNING = "warning"  # the service runs, and somebody should know
    UNKNOWN = "cannot be looked at"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and the command that mends it where it is not well."""

    what: str
    verdict: Verdict
    told: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Check:
    """One look. It blocks, changes nothing that it does not take back, and may raise: that is `UNKNOWN` then."""

    what: str
    look: Callable[[], Iterable[Finding]]
    mend: str = ""  # where it cannot be looked at


def ok(what: str, told: str = "") -> Finding:
    """It is as it should be."""
    return Finding(what, Verdict.OK, told)


def missing(what: str, told: str, mend: str) -> Finding:
    """It is needed and not there."""
    return Finding(what, Verdict.MISSING, told, mend)


def warning(what: str, told: str, mend: str) -> Finding:
    """It works, but not as it should."""
    return Finding(what, Verdict.WARNING, told, mend)


def unknown(what: str, told: str, mend: str = "") -> Finding:
    """Nobody can say from here."""
    return Finding(what, Verdict.UNKNOWN, told, mend)


def look_at_all(checks: Sequence[Check], limit: float = LIMIT_SECONDS, at_once: int = AT_ONCE) -> list[Finding]:
    """All findings in the order of the checks; `limit`: seconds that each may take, of its own."""
    if not checks:
        return []
    with ThreadPoolExecutor(at_once) as pool:
        return [finding for found in pool.map(lambda check: _look(check, limit), checks) for finding in found]


def _look(check: Check, limit: float) -> list[Finding]:
    """In a thread that may be left behind: a socket that hangs cannot be told to stop, and ends with the process."""
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.extend(_safely(check)), daemon=True)
    thread.start()
    thread.join(limit)
    if thread.is_alive():
        return [unknown(check.what, f"no answer within {limit:.0f} s", check.mend)]
    return [_without_secrets(finding) for finding in found]


def _safely(check: Check) -> list[Finding]:
    try:
        return list(check.look())
    except (PlatformError, LookupError, ValueError, OSError) as error:
        return [unknown(check.what, str(error) or type(error).__name__, check.mend)]
    except Exception as error:  # a defect in one look must not cost the others
        return [unknown(check.what, f"{type(error).__name__}: {error}", check.mend)]


def _without_secrets(finding: Finding) -> Finding:
    told = " ".join(without_secrets(finding.told).split())
    return Finding(finding.what, finding.verdict, told, finding.mend)
