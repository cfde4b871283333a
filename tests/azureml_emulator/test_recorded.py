"""The README's tables say what the tests drove: no more, no less. Runs last; compares the whole after a whole run.

`make_coverage.py` tells how the tables are written anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import coverage
from tests.azureml_emulator.conftest import RUNNING
from tests.azureml_emulator.driven import Driven, classes, methods
from tests.azureml_emulator.make_coverage import make


@pytest.fixture
def whole(request: pytest.FixtureRequest, driven: Driven) -> dict[str, Any]:
    """What this session drove, if it ran every test of this folder."""
    ran = {item.path for item in request.session.items}
    if not ran >= set(Path(__file__).parent.glob("test_*.py")) or request.config.option.keyword:
        pytest.skip("only some of the tests were asked for")
    if request.session.testsfailed:
        pytest.skip("a test failed, so that what it drives is not known")
    for emulator in RUNNING.values():
        driven.add_routes(emulator.description["control"])
    return make(driven)


def test_what_the_tests_drove_is_what_is_claimed(whole: dict[str, Any]) -> None:
    claimed = coverage.read()
    assert {part: whole[part] for part in claimed} == claimed


def test_the_readme_shows_what_is_claimed() -> None:
    text = coverage.README.read_text()
    assert coverage.placed(text, coverage.render(coverage.read())) == text


def test_what_was_driven_is_claimed(driven: Driven) -> None:
    """Also where only some of the tests ran."""
    claimed = coverage.read()["operations"]
    there = {(name, file) for name, files in claimed.items() for file in files}
    assert {(name, file) for name, files in driven.operations.items() for file in files} <= there


def test_every_operation_of_the_sdk_is_listed() -> None:
    claimed = coverage.read()
    every = {f"{name}.{method}" for name, operations in classes().items() for method in methods(operations)}
    assert {*claimed["operations"], *claimed["not_driven"]} == every
