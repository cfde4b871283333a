"""Who gets which version in an A/B test: a function of the caller's id and the test's salt, the same everywhere.

The salt differs from test to test, so that the arms of one say nothing of the arms of another. A caller's place in
[0, 1) does not depend on the shares: where the challenger's share grows, those who had it keep it, and only the
difference moves.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

Arm = Literal["champion", "challenger"]


@dataclass(frozen=True)
class Assigned:
    """What one caller of a test gets, and what the log holds of it.

    logged is `TEST.ARM.HASH`, never the id: the rows of a caller belong together by it. Whoever has the salt can try
    ids one by one; it lies with the test's plan, and nowhere else.
    """

    arm: Arm
    logged: str


def assign(test: str, salt: str, caller: str, share: float) -> Assigned:
    """The caller's arm. test: its key; share: the challenger's of the callers, 0..1."""
    hashed = hmac.new(salt.encode(), caller.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    place = int(hashed[:13], 16) / 2.0**52  # 52 bits, which a float holds exactly; those that are logged are others
    arm: Arm = "challenger" if place < share else "champion"
    return Assigned(arm, f"{test}.{arm}.{hashed[-32:]}")
