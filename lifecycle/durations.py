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
    """As people write it, in days, hours, minutes or seconds; `parse_duration` reads the same."""
    seconds = value.total_seconds()
    days = seconds / 86400
    if days == int(days) or (days > 100 and round(days, 2) == days):  # a year is 365.25d, and a day and a half 36h
        return f"{days:.2f}".rstrip("0").rstrip(".") + "d"
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
