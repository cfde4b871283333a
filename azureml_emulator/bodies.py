"""Checks what is PUT against the SDK's own models of it, kept as a table in `schemas/bodies.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azureml_emulator.errors import ServiceError
from azureml_emulator.roles import kinds_of
from azureml_emulator.routing import Call

_TABLE = Path(__file__).parent / "schemas" / "bodies.json"
_PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "scalar": (str, int, float, bool),
}
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "scalar": "a string",
}


class Bodies:
    """Unknown keys, wrong types, values that no enum has and what is missing are a 400 that names the place."""

    def __init__(self) -> None:
        table = json.loads(_TABLE.read_text())
        self._bodies: dict[str, str] = {kinds.lower(): name for kinds, name in table["bodies"].items()}
        self._types: dict[str, dict[str, Any]] = table["types"]
        self._enums: dict[str, list[str]] = table["enums"]

    def check(self, call: Call) -> None:
        """Every mistake of a body is told at once; bodies that the table does not know pass."""
        model = self._bodies.get("/".join(kinds_of(call.path)[1:]).lower())
        if call.method != "PUT" or model is None:
            return
        mistakes = list(self._type(model, call.json(), "", None))
        if mistakes:
            raise ServiceError(400, "ValidationError", "The request body is not valid. " + " ".join(mistakes))

    def _check(self, expected: str, value: Any, path: str) -> Iterator[str]:
        """One value against `str`, `{X}`, `[X]`, an enum or a type; what is not required may be null."""
        expected, required = expected.rstrip("!"), expected.endswith("!")
        if value is None:
            if required:
                yield f"'{path}' is required and is null."
        elif expected == "{str}":  # the service makes words of numbers there, and the SDK relies on it
            yield from self._each("{scalar}", value, path, dict, "an object")
        elif expected[0] == "{":
            yield from self._each(expected, value, path, dict, "an object")
        elif expected[0] == "[":
            yield from self._each(expected, value, path, list, "a list")
        elif expected in _PLAIN:
            taken_for_a_number = isinstance(value, bool) and expected not in ("bool", "scalar")
            if not isinstance(value, _PLAIN[expected]) or taken_for_a_number:
                yield f"'{path}' must be {_WORDS[expected]}, not {json.dumps(value)[:100]}."
        elif expected in self._enums:
            known = self._enums[expected]
            if not isinstance(value, str) or value.lower() not in {one.lower() for one in known}:
                yield f"'{path}' must be one of {', '.join(known)}, not {json.dumps(value)[:100]}."
        elif expected in self._types:
            yield from self._type(expected, value, path, None)

    def _each(self, expected: str, value: Any, path: str, kind: type[Any], words: str) -> Iterator[str]:
        if not isinstance(value, kind):
            yield f"'{path}' must be {words}, not {json.dumps(value)[:100]}."
            return
        pairs = value.items() if isinstance(value, dict) else enumerate(list(value))
        for key, one in pairs:
            yield from self._check(expected[1:-1], one, f"{path}.{key}" if kind is dict else f"{path}[{key}]")

    def _type(self, name: str, value: Any, path: str, base: str | None) -> Iterator[str]:
        """An object by its fields; a discriminator leads on to the type that it names."""
        if not isinstance(value, dict):
            yield f"'{path or 'body'}' must be an object, not {json.dumps(value)[:100]}."
            return
        known = self._types[name]
        if "of" in known and known["by"] != base:
            which = value.get(known["by"])
            subtypes = {word.lower(): subtype for word, subtype in known["of"].items()}
            if isinstance(which, str) and which.lower() in subtypes:
                yield from self._type(subtypes[which.lower()], value, path, known["by"])
                return
            if which is not None:
                return  # of a kind that the table does not have; the route says what it thinks of it
        prefix = f"{path}." if path else ""
        for key in value.keys() - known["fields"].keys():
            yield f"'{prefix}{key}' is not a member of {name}."
        for key, expected in known["fields"].items():
            if key in value:
                yield from self._check(expected, value[key], prefix + key)
            elif expected.endswith("!"):
                yield f"'{prefix}{key}' is required and is missing."
