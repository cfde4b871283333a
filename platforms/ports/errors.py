"""What a platform answers when it does not do what it was asked.

Each names the resource, the operation and the platform's own words, and no secret.
"""

from __future__ import annotations


class PlatformError(Exception):
    """What a platform answers when it does not do what it was asked."""


class NotFound(PlatformError):
    """The named thing does not exist (any more)."""


class Refused(PlatformError):
    """The platform's rules forbid it; trying again changes nothing."""


class Unavailable(PlatformError):
    """Out of reach or overloaded; trying again later may help."""
