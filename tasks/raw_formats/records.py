"""JSON into records: an object is a row."""

from __future__ import annotations

import json
from typing import Any


def parse_json(content: bytes | str) -> tuple[Any, str]:
    """(the value, why there is none)."""
    try:
        return json.loads(content), ""
    except RecursionError:
        return None, "is nested too deeply"
    except UnicodeDecodeError:
        return None, "is no UTF-8 text"
    except ValueError as error:
        return None, f"is no JSON: {error}"
