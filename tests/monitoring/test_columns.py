"""Columns are written in a word or two, and what is wrong is told by name."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lifecycle.columns import Column
from lifecycle.findings import Finding

VALID = [
    ("0..120", Column(name="x", type="number", minimum=0, maximum=120)),
    ("..5", Column(name="x", type="number", maximum=5)),
    ("0..", Column(name="x", type="number", minimum=0)),
    ("-1.5..2e3?", Column(name="x", type="number", minimum=-1.5, maximum=2000, missing_allowed=True)),
    ("integer 0..20", Column(name="x", type="integer", minimum=0, maximum=20)),
    ("number", Column(name="x", type="number")),
    ("integer?", Column(name="x", type="integer", missing_allowed=True)),
    ("boolean", Column(name="x", type="boolean")),
    ("category?", Column(name="x", type="category", missing_allowed=True)),
    (["a", 1], Column(name="x", type="category", values=("a", "1"))),
    ({"type": "number", "minimum": 0}, Column(name="x", type="number", minimum=0)),
    (
        {"values": ["a", "b"], "missing_allowed": True},
        Column(name="x", type="category", values=("a", "b"), missing_allowed=True),
    ),
]


@pytest.mark.parametrize(("spec", "expected"), VALID)
def test_a_column_is_parsed_spelled_and_stored(spec: object, expected: Column) -> None:
    column = Column.parse("x", spec)
    assert column == expected
    assert Column.parse("x", column.spell()) == column
    assert Column.model_validate_json(column.model_dump_json()) == column


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("..", "describes no column"),
        ("?", "describes no column"),
        ("", "describes no column"),
        ("text", "number, integer, category, boolean"),
        ("category 0..2", "describes no column"),
        ("5..1", "the range 5..1 is empty"),
        ("1e999..", "not finite"),
        (None, "describes no column"),
        ([], "at least one"),
        (["a", "a"], "each category once"),
        ([True, False], "use the type boolean"),
        ([None], "no category"),
        ({"type": "number", "values": ["a"]}, "only category has"),
        ({"type": "category", "minimum": 1}, "only number and integer have"),
        ({"typ": "number"}, "typ: Extra inputs"),
        ({"type": "number", "minimum": "a"}, "minimum: Input should be a valid number"),
        ({"name": "y", "type": "number"}, "the column's name is the key"),
    ],
)
def test_what_is_wrong_is_told_with_the_columns_name(spec: object, told: str) -> None:
    with pytest.raises(ValueError, match=r"^column x: ") as caught:
        Column.parse("x", spec)
    assert told in str(caught.value)


def test_a_finding_is_significant_only_if_conclusive() -> None:
    with pytest.raises(ValidationError, match="significant, but not conclusive"):
        Finding(
            kind="drift", subject="x", score=1.0, threshold=0.1, significant=True, conclusive=False, message="x drifted"
        )
