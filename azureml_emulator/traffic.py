"""The service's rules of who gets an endpoint's requests."""

from __future__ import annotations

import random
import re

from azureml_emulator.errors import user_error

MIRROR_LIMIT = 50
_ENDPOINT_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]")

Traffic = dict[str, int]


def check_name(name: str) -> None:
    """An endpoint's and a deployment's name: 3 to 32 letters, digits and hyphens, beginning with a letter."""
    if not _ENDPOINT_NAME.fullmatch(name):
        raise user_error(f"The name {name!r} is not valid: 3 to 32 letters, digits and hyphens, a letter first.")


def check_traffic(live: Traffic, mirrored: Traffic, deployments: set[str]) -> None:
    """Live percentages sum to 0 or 100; at most half is mirrored, to one deployment that serves nothing live."""
    for name in {**live, **mirrored}:
        if name not in deployments:
            raise user_error(f"Traffic is set for the deployment '{name}', which does not exist.")
    if any(not 0 <= share <= 100 for share in live.values()) or sum(live.values()) not in (0, 100):
        raise user_error("The traffic percentages must each lie between 0 and 100 and sum to 0 or 100.")
    if len(mirrored) > 1:
        raise user_error("Traffic can be mirrored to one deployment only.")
    for name, share in mirrored.items():
        if not 0 <= share <= MIRROR_LIMIT:
            raise user_error(f"At most {MIRROR_LIMIT} percent of the traffic can be mirrored.")
        if share and live.get(name, 0):
            raise user_error(f"The deployment '{name}' serves live traffic and cannot be mirrored to.")


def choose(live: Traffic) -> str | None:
    """Whose turn it is, by the percentages."""
    serving = {name: share for name, share in live.items() if share > 0}
    return random.choices(list(serving), list(serving.values()))[0] if serving else None  # noqa: S311


def mirror(mirrored: Traffic) -> str | None:
    """Who gets a copy of this request, if anyone."""
    return next((name for name, share in mirrored.items() if random.random() * 100 < share), None)  # noqa: S311
