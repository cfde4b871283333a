"""A column of the data, as `workload.yaml` describes it in a word or two."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from lifecycle.base import Frozen

ColumnType = Literal["number", "integer", "category", "boolean"]

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})?\s*\.\.\s*({_NUMBER})?")
_ALLOWED = (
    "write a type (number, integer, category, boolean) or a range (0..120, ..5, 0.., integer 0..20), "
    "either with a trailing ? where values may be missing; or a list of categories; "
    "or a mapping of type, minimum, maximum, values, missing_allowed"
)


class Column(Frozen):
    """One feature: its type, and what its values may be."""

    name: str = Field(min_length=1)
    type: ColumnType
    minimum: float | None = Field(default=None, allow_inf_nan=False, description="Smallest value allowed")
    maximum: float | None = Field(default=None, allow_inf_nan=False, description="Largest value allowed")
    values: tuple[str, ...] | None = Field(default=None, description="The categories; none given: any")
    missing_allowed: bool = False

    @model_validator(mode="after")
    def _fits_type(self) -> Self:
        bounded = self.minimum is not None or self.maximum is not None
        if bounded and not self.numeric:
            raise ValueError(f"a {self.type} has no range; only number and integer have")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"the range {self.minimum:g}..{self.maximum:g} is empty")
        if self.values is not None:
            if self.type != "category":
                raise ValueError(f"a {self.type} has no list of values; only category has")
            if not self.values or len(set(self.values)) != len(self.values):
                raise ValueError("list each category once, and at least one")
        return self

    @property
    def numeric(self) -> bool:
        """Whether its values are measured on a scale."""
        return self.type in ("number", "integer")

    @classmethod
    def parse(cls, name: str, spec: object) -> Column:
        """The column that a YAML value describes; ValueError names the column and says what is allowed."""
        if isinstance(spec, Column):
            return spec.model_copy(update={"name": name})
        try:
            return cls(name=name, **_fields(spec))
        except ValidationError as error:
            raise ValueError(f"column {name}: {'; '.join(map(_told, error.errors()))}") from None
        except ValueError as error:
            raise ValueError(f"column {name}: {error}; {_ALLOWED}") from None

    def spell(self) -> str | list[str] | dict[str, Any]:
        """The shortest YAML value that `parse` turns into this column."""
        mark = "?" if self.missing_allowed else ""
        if self.values is not None:
            if not self.missing_allowed:
                return list(self.values)
            return {"type": self.type, "values": list(self.values), "missing_allowed": True}
        if self.minimum is None and self.maximum is None:
            return f"{self.type}{mark}"
        low = "" if self.minimum is None else repr(self.minimum).removesuffix(".0")
        high = "" if self.maximum is None else repr(self.maximum).removesuffix(".0")
        return f"{'integer ' if self.type == 'integer' else ''}{low}..{high}{mark}"


def _told(problem: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    what = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {what}" if where else what


def _fields(spec: object) -> dict[str, Any]:
    if isinstance(spec, str):
        return _of_text(spec.strip())
    if isinstance(spec, list | tuple):
        return {"type": "category", "values": _categories(spec)}
    if isinstance(spec, Mapping):
        if "name" in spec:
            raise ValueError("the column's name is the key, it does not stand in the mapping")
        fields = {str(key): value for key, value in spec.items()}
        if fields.get("values") is not None:
            fields["values"] = _categories(fields["values"])
            fields.setdefault("type", "category")
        return fields
    raise ValueError(f"{spec!r} describes no column")


def _of_text(text: str) -> dict[str, Any]:
    missing_allowed = text.endswith("?")
    words = text.removesuffix("?").strip()
    if words in get_args(ColumnType):
        return {"type": words, "missing_allowed": missing_allowed}
    kind, _, rest = words.partition(" ")
    if kind in ("number", "integer"):
        words = rest.strip()
    else:
        kind = "number"
    found = _RANGE.fullmatch(words)
    if found is None or (found[1] is None and found[2] is None):
        raise ValueError(f"{text!r} describes no column")
    low, high = (None if bound is None else float(bound) for bound in found.groups())
    if not all(bound is None or math.isfinite(bound) for bound in (low, high)):
        raise ValueError(f"{text!r} has a bound that is not finite")
    return {"type": kind, "minimum": low, "maximum": high, "missing_allowed": missing_allowed}


def _categories(values: object) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise ValueError(f"{values!r} is no list of categories")
    for value in values:
        # YAML reads yes, no, on and off as booleans: nobody means the category "True" then.
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{value!r} is no category: put it in quotes, or use the type boolean")
    return tuple(str(value) for value in values)
