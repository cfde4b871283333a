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


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
