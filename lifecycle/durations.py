"""Durations as people write them: 30s, 15m, 1h, 7d, 2w."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def parse_duration(value: object) -> timedelta:
    """A timedelta of `1h` and the like; ValueError says what is allowed."""
    if isinstance(value, timedelta):
        return value
    written = _WRITTEN.fullmatch(str(value).strip())
    if written is None or float(written[1]) <= 0:
        raise ValueError(f"{value!r} is no duration: write a number and a unit, such as 30s, 15m, 1h, 7d or 2w")
    return timedelta(**{_UNITS[written[2]]: float(written[1])})


def spell_duration(value: timedelta) -> str:
    """As people write it, in the largest unit up to days that leaves no fraction; `parse_duration` reads it."""
    seconds = value.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
